"""Gives every request an id, that of the client where it sent one, and writes one line per request to the log."""

import re
import secrets
import time
from collections.abc import Iterator
from functools import partial
from typing import cast

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway import log_context
from services.gateway.begun import noting
from services.gateway.request_spans import export_request

REQUEST_ID_HEADER = "X-Request-ID"

_SAFE = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_NAMED = re.compile(r"/(meeting|run|sample|speaker)s/([0-9a-fA-F-]{36})(?=/|$)")
_QUIET_BELOW = 400
"""Reading is asked for again and again; it is only of interest when it fails."""

_log = structlog.get_logger(__name__)


def request_id(scope: Scope) -> str:
    """The id of the request in hand."""
    return cast(str, scope.get("state", {}).get("request_id", ""))


class RequestIds:
    """ASGI middleware; it touches neither the request's nor the response's body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        current = sent if _SAFE.fullmatch(sent) else secrets.token_hex(16)
        scope.setdefault("state", {})["request_id"] = current
        log_context.begin(request_id=current, **dict(_ids_in(scope["path"])))
        answer, began_at = _Answer(scope, send, current), time.time()
        with noting() as begun:
            await self._app(scope, partial(_received, receive), answer)
        export_request(scope, begun, request_id=current, status=answer.status, times=(began_at, time.time()))


def _ids_in(path: str) -> Iterator[tuple[str, str]]:
    """Of what a request is about, as far as its address says."""
    for what, value in _NAMED.findall(path):
        yield f"{what}_id", value.lower()


async def _received(receive: Receive) -> Message:
    with log_context.outside():
        return await receive()


class _Answer:
    """Passes a response on, with the id in its headers."""

    def __init__(self, scope: Scope, send: Send, current: str) -> None:
        self._scope = scope
        self._send = send
        self._request_id = current
        self._began = time.monotonic()
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)[REQUEST_ID_HEADER] = self._request_id
            self.status = message["status"]
            self._write_log(self.status)
        with log_context.outside():
            await self._send(message)

    def _write_log(self, status: int) -> None:
        write = _log.debug if self._scope["method"] == "GET" and status < _QUIET_BELOW else _log.info
        seconds = round(time.monotonic() - self._began, 4)
        write("request", method=self._scope["method"], path=self._scope["path"], status=status, seconds=seconds)
