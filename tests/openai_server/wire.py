"""How replies go over the wire: whole, as a stream, or cut off."""

import asyncio
import json
from collections.abc import Mapping
from typing import assert_never

from aiohttp import web

from tests.openai_server.completions import Completion, complete, server_sent
from tests.openai_server.replies import (
    Content,
    Cut,
    Failure,
    Filtered,
    Held,
    Immediate,
    Raw,
    Refusal,
    StreamFailure,
    Truncated,
    server_error,
)
from tests.openai_server.requests import ChatRequest


class Wire:
    """One connection on which one request waits for its reply."""

    def __init__(self, connection: web.Request, headers: Mapping[str, str], held: Held | None = None) -> None:
        self._connection = connection
        self._held = held
        self._headers = dict(headers)

    async def send(self, reply: Immediate, request: ChatRequest | None, snapshot: str) -> web.StreamResponse:
        """Send the reply; `request` is missing where it was refused before it was read."""
        if self._held is not None and not (request and request.stream and self._held.at == "in_stream"):
            await self._released(self._held)
        match reply:
            case Failure():
                return self._failure(reply)
            case Raw():
                headers = self._headers | {"content-type": reply.content_type}
                return web.Response(text=reply.body, status=reply.status, headers=headers)
            case Cut(at="before_headers"):
                return self._cut()
            case _:
                assert request is not None
                return await self._answer(reply, request, snapshot)

    async def _answer(
        self, reply: Content | Truncated | Refusal | Filtered | Cut | StreamFailure, request: ChatRequest, snapshot: str
    ) -> web.StreamResponse:
        match reply:
            case Cut(text=text):
                completion = complete(request, snapshot, Content(text))
                return await (self._cut_stream(completion) if request.stream else self._cut_body(completion))
            case StreamFailure(text=text, message=message):
                if not request.stream:
                    return self._failure(server_error())
                return await self._failed_stream(complete(request, snapshot, Content(text)), message)
            case Content() | Truncated() | Refusal() | Filtered():
                completion = complete(request, snapshot, reply)
                if request.stream:
                    return await self._stream(completion, request)
                return web.json_response(completion.whole(), headers=self._headers)
            case _:
                assert_never(reply)

    def _failure(self, failure: Failure) -> web.Response:
        error = {"message": failure.message, "type": failure.type, "param": failure.param, "code": failure.code}
        body = {"error": error} if failure.is_nested else {"object": "error", **error}
        return web.json_response(body, status=failure.status, headers=self._headers | dict(failure.headers))

    async def _stream(self, completion: Completion, request: ChatRequest) -> web.StreamResponse:
        response = await self._begin_stream()
        with_usage = request.stream_options is not None and request.stream_options.include_usage
        events = list(completion.events(with_usage=with_usage))
        for number, event in enumerate(events):
            if self._held is not None and number == len(events) // 2:
                await self._released(self._held)
            await response.write(server_sent(event))
        await response.write(server_sent("[DONE]"))
        return response

    async def _released(self, held: Held) -> None:
        await asyncio.to_thread(held.gate.wait)

    async def _failed_stream(self, completion: Completion, message: str) -> web.StreamResponse:
        response = await self._first_half(completion)
        error = {"message": message, "type": "server_error", "param": None, "code": None}
        await response.write(server_sent(json.dumps({"error": error})))
        return response

    async def _cut_stream(self, completion: Completion) -> web.StreamResponse:
        response = await self._first_half(completion)
        self._cut()
        return response

    async def _cut_body(self, completion: Completion) -> web.StreamResponse:
        body = json.dumps(completion.whole()).encode()
        headers = self._headers | {"content-type": "application/json", "content-length": str(len(body))}
        response = web.StreamResponse(headers=headers)
        await response.prepare(self._connection)
        await response.write(body[: len(body) // 2])
        self._cut()
        return response

    async def _first_half(self, completion: Completion) -> web.StreamResponse:
        response = await self._begin_stream()
        events = list(completion.events(with_usage=False))
        for event in events[: len(events) // 2]:
            await response.write(server_sent(event))
        return response

    async def _begin_stream(self) -> web.StreamResponse:
        response = web.StreamResponse(headers=self._headers | {"content-type": "text/event-stream; charset=utf-8"})
        await response.prepare(self._connection)
        return response

    def _cut(self) -> web.Response:
        """Break the connection at once, as a crashed server or a lost network does."""
        transport = self._connection.transport
        if transport is not None:
            transport.abort()
        return web.Response()
