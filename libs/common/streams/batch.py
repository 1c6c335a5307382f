"""Calls of one script that come at the same time travel to Redis together; each still is one atomic step."""

import asyncio
from collections.abc import Sequence
from typing import cast

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError

Values = Sequence[str | int]


class ScriptBatch:
    """Sends what has gathered while the last batch was on its way."""

    def __init__(self, redis: Redis, script: AsyncScript) -> None:
        self._redis = redis
        self._script = script
        self._gathered: list[tuple[Values, Values, asyncio.Future[object]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def run(self, keys: Values, args: Values) -> object:
        """Run the script; returns or raises what Redis answers to this very call."""
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._gathered.append((keys, args, answer))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        return await answer

    async def _send_all(self) -> None:
        try:
            while self._gathered:
                calls, self._gathered = self._gathered, []
                for (_, _, future), answer in zip(calls, await self._answers(calls), strict=True):
                    _resolve(future, answer)
        finally:
            self._sending = None

    async def _answers(self, calls: list[tuple[Values, Values, asyncio.Future[object]]]) -> list[object]:
        try:
            answers = await self._send(calls)
            if any(isinstance(answer, NoScriptError) for answer in answers):
                # Some may have run before the scripts were flushed; every script here may run twice.
                await self._redis.script_load(self._script.script)
                answers = await self._send(calls)
        except Exception as error:  # noqa: BLE001 - whoever waits gets the error as its own
            return [error] * len(calls)
        return answers

    async def _send(self, calls: list[tuple[Values, Values, asyncio.Future[object]]]) -> list[object]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for keys, args, _ in calls:
                pipe.evalsha(self._script.sha, len(keys), *keys, *args)
            return cast(list[object], await pipe.execute(raise_on_error=False))


def _resolve(future: asyncio.Future[object], answer: object) -> None:
    if future.done():
        return
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
