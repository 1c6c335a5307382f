"""Runs something at the exact moment before or after a call, so that a race has one outcome."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar, cast

T = TypeVar("T")

Action = Callable[[], Awaitable[object]]


def interleaved(
    target: T, *, before: Mapping[str, Action] | None = None, after: Mapping[str, Action] | None = None
) -> T:
    """The same object, but around each call of the methods named, these actions are waited for.

    An action that raises is what the caller sees: after the call, as if its answer had been lost.
    """
    return cast(T, _Interleaved(target, before or {}, after or {}))


def on_call(number: int, action: Action) -> Action:
    """The action at the call of that number, counted from 1; nothing at the others."""
    calls = 0

    async def count() -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            await action()

    return count


def once(action: Action) -> Action:
    """The action at the first call."""
    return on_call(1, action)


class _Interleaved:
    def __init__(self, target: object, before: Mapping[str, Action], after: Mapping[str, Action]) -> None:
        self._target = target
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> object:
        method = getattr(self._target, name)
        if name not in self._before and name not in self._after:
            return method

        async def call(*args: object, **options: object) -> object:
            if name in self._before:
                await self._before[name]()
            answer = await method(*args, **options)
            if name in self._after:
                await self._after[name]()
            return answer

        return call
