"""Requests that are in hand when the gateway stops: they have some time to end, and are ended when that is over."""

import asyncio

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.errors import GatewayStopping
from services.gateway.problems import answer_problem

FORCED_AFTER = 2
"""Seconds past the grace period after which uvicorn no longer waits for clients that read nothing."""


class RequestsInHand:
    """The requests that are being answered."""

    def __init__(self, *, grace: float) -> None:
        """`grace`: seconds that they may go on after `stop`."""
        self.grace = grace
        self.is_over = False
        self._tasks: set[asyncio.Task[object]] = set()

    def begin(self) -> None:
        """The task that runs now has taken a request."""
        self._tasks.add(_this_task())

    def end(self) -> None:
        """The task that runs now has answered."""
        self._tasks.discard(_this_task())

    def stop(self) -> None:
        """Give all requests their time from now on."""
        asyncio.get_running_loop().call_later(self.grace, self._end_all)

    def _end_all(self) -> None:
        self.is_over = True
        for task in self._tasks:
            task.cancel()


class Draining:
    """ASGI middleware; a request that is ended before it was answered is told to come again."""

    def __init__(self, app: ASGIApp, in_hand: RequestsInHand) -> None:
        self._app = app
        self._in_hand = in_hand

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def noticed(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        self._in_hand.begin()
        try:
            await self._app(scope, receive, noticed)
        except asyncio.CancelledError:
            if not self._in_hand.is_over:
                raise
            _this_task().uncancel()
            if not has_begun:
                error = GatewayStopping("the gateway stops, and this took too long; send it again")
                await (await answer_problem(Request(scope), error))(scope, receive, send)
        finally:
            self._in_hand.end()


def _this_task() -> "asyncio.Task[object]":
    task = asyncio.current_task()
    assert task is not None
    return task
