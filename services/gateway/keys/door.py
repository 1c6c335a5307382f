"""Asks every request for a key before anything of its body is read, whatever its address, but for a few."""

from typing import cast

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.common.errors import PipelineError
from services.gateway.errors import Unauthorized
from services.gateway.keys.callers import Caller, Callers
from services.gateway.keys.own_machine import is_asked_by_itself
from services.gateway.problems import answer_problem

OPEN_PATHS = frozenset({"/", "/health", "/ready", "/docs", "/openapi.json"})
OPEN_FOLDER = "/docs/assets/"

_log = structlog.get_logger(__name__)


def is_open(path: str) -> bool:
    """Whether an address is for everybody."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def caller_of(scope: Scope) -> Caller:
    """Who sent the request in hand; the door has let them in."""
    return cast(Caller, scope["state"]["caller"])


async def let_in(headers: Headers, callers: Callers) -> Caller:
    """Whoever may ask: with a key that opens, or on this machine where none is asked for.

    Raises:
        Unauthorized: Nobody whom the door lets in.
        DatabaseUnavailable: The key is not remembered, and nobody can be asked.
    """
    caller = await callers.who(headers.getlist("Authorization"))
    if caller.key is None and not is_asked_by_itself(headers):
        raise Unauthorized
    return caller


class _Revoked(Exception):
    """The key of an answer that is still being sent opens nothing any more."""


class Door:
    """ASGI middleware. Every address is closed unless it is named here, also one that nobody has thought of yet."""

    def __init__(self, app: ASGIApp, callers: Callers) -> None:
        self._app = app
        self._callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_open(scope["path"].removeprefix(scope.get("root_path", ""))):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            caller = await let_in(headers, self._callers)
        except PipelineError as error:
            refusal = await answer_problem(Request(scope), error)
            await refusal(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        if caller.key is not None:
            structlog.contextvars.bind_contextvars(api_key=caller.key)
        try:
            await self._app(scope, receive, _Watched(send, self._callers, headers.getlist("Authorization")))
        except* _Revoked:
            _log.info("an answer is broken off: its key was revoked or has expired")


class _Watched:
    """Passes an answer on for as long as its key opens: somebody may follow events for days."""

    def __init__(self, send: Send, callers: Callers, shown: list[str]) -> None:
        self._send = send
        self._callers = callers
        self._shown = shown
        self._has_body = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            if self._has_body and not await self._callers.still_opens(self._shown):
                raise _Revoked
            self._has_body = True
        await self._send(message)
