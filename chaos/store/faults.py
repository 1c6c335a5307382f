"""What goes wrong on the way to a store and back."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Literal

from aiohttp import web
from pydantic import Field

from libs.common.speech import Frozen

CONTROL = "/-/faults"
"""Where the faults are changed and shown, out of their reach."""

Kind = Literal["error", "cut", "lost_answer", "delay"]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_WRITES = frozenset({"PUT", "POST", "DELETE"})


class StoreFaults(Frozen):
    """How much goes wrong; nothing by default."""

    errors: float = Field(default=0.0, ge=0, le=1)
    """Share of the requests that are answered 500 or 503 without any effect."""

    cuts: float = Field(default=0.0, ge=0, le=1)
    """Share of the requests whose connection ends in the middle of a body; a write has no effect then."""

    lost_answers: float = Field(default=0.0, ge=0, le=1)
    """Share of the writes that take effect and are never answered."""

    delay: float = Field(default=0.0, ge=0)
    """Seconds that each request waits, on average."""


class StoreState(Frozen):
    """What came of them."""

    struck: dict[Kind, int]
    objects: int
    uploads: int
    """Multipart uploads that are neither complete nor given up."""


class Unreliable:
    """A middleware that does what the faults say; they can be changed at any time."""

    def __init__(self, rng: random.Random) -> None:
        self.faults = StoreFaults()
        self.struck: Counter[Kind] = Counter()
        self._rng = rng

    async def pass_on(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, or not."""
        if request.path == CONTROL:
            return await handler(request)
        faults = self.faults
        if faults.delay:
            self.struck["delay"] += 1
            await asyncio.sleep(self._rng.uniform(0, 2 * faults.delay))
        if self._strikes("error", faults.errors):
            return self._rng.choice([web.Response(status=500), web.Response(status=503, reason="Slow Down")])
        if self._strikes("cut", faults.cuts):
            return await _cut(request, handler)
        response = await handler(request)
        if request.method in _WRITES and self._strikes("lost_answer", faults.lost_answers):
            return _hang_up(request)
        return response

    def _strikes(self, kind: Kind, share: float) -> bool:
        is_struck = self._rng.random() < share
        self.struck[kind] += is_struck
        return is_struck


async def _cut(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.method in _WRITES:
        await request.content.read((request.content_length or 0) // 2)
        return _hang_up(request)
    whole = await handler(request)
    assert isinstance(whole, web.Response)
    if not isinstance(whole.body, bytes) or not whole.body:
        return _hang_up(request)
    half = web.StreamResponse(status=whole.status, headers=whole.headers)
    half.content_length = len(whole.body)
    await half.prepare(request)
    await half.write(whole.body[: len(whole.body) // 2])
    return _hang_up(request)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
