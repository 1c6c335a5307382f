"""The server itself: in a thread of the test, on a free port of the loopback interface."""

import asyncio
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

from tests.openai_server.by_schema import answer_by_schema, find_schema
from tests.openai_server.models import MODELS, ServerKind, find_model
from tests.openai_server.refusals import read_request, refuse_key
from tests.openai_server.replies import Content, Failure, Held, Reply
from tests.openai_server.requests import Body, ChatRequest
from tests.openai_server.tokens import prompt_tokens
from tests.openai_server.wire import Wire

API_KEY = "sk-test-0123456789abcdef"
REQUESTS_PER_MINUTE = 500
TOKENS_PER_MINUTE = 200_000

_LARGEST_BODY = 2**26
_MINUTE = 60.0


@dataclass(frozen=True)
class RecordedRequest:
    """A request as it came, and when: seconds of the monotonic clock."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""

    body: Body
    received_at: float = field(default_factory=time.monotonic)

    @property
    def chat(self) -> ChatRequest:
        """The body, read."""
        return ChatRequest.model_validate(self.body)


class OpenAIServer:
    """Replies as scripted, first in, first out; without a script it answers every request by its schema."""

    def __init__(
        self,
        *,
        kind: ServerKind = "openai",
        api_key: str = API_KEY,
        port: int = 0,
        context_tokens: int | None = None,
    ) -> None:
        """`context_tokens` replaces what the model can read; a server of another kind asks for no key."""
        self.api_key = api_key
        self.requests: list[RecordedRequest] = []
        """All requests for completions, also those that were refused."""

        self._kind = kind
        self._port = port
        self._context_tokens = context_tokens
        self._script: deque[Reply] = deque()
        self._otherwise: Callable[[ChatRequest], Reply] = answer_unscripted
        self._held: list[Held] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="openai-server")
        self._started, self._stopped = threading.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._loop is None:
            raise OSError(f"no server on port {self._port}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop)
        self._thread.join()

    @property
    def url(self) -> str:
        """What a client takes as its base URL."""
        return f"http://127.0.0.1:{self._port}/v1"

    def script(self, *replies: Reply) -> None:
        """Give these replies to the next requests that the API does not refuse, one each."""
        self._script.extend(replies)

    def answer_with(self, answer: Callable[[ChatRequest], Reply]) -> None:
        """Ask this function wherever the script has come to its end."""
        self._otherwise = answer

    async def _serve(self) -> None:
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.add_routes(
            [web.get("/v1/models", self._list_models), web.post("/v1/chat/completions", self._complete_chat)]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
            self._port = runner.addresses[0][1]
            self._loop = asyncio.get_running_loop()
        finally:
            self._started.set()
        await self._stopped.wait()
        await runner.cleanup()

    def _stop(self) -> None:
        """Within the loop, so that no reply is held behind it."""
        self._stopped.set()
        for held in self._held:
            held.release()

    async def _list_models(self, connection: web.Request) -> web.StreamResponse:
        wire = Wire(connection, self._headers())
        if refused := self._refuse_key(connection):
            return await wire.send(refused, None, "")
        listed = [{"id": name, "object": "model", "created": 1715367049, "owned_by": "system"} for name in MODELS]
        return web.json_response({"object": "list", "data": listed}, headers=self._headers())

    async def _complete_chat(self, connection: web.Request) -> web.StreamResponse:
        try:
            body = json.loads(await connection.read())
        except ValueError:
            body = {}
        headers = {name.lower(): value for name, value in connection.headers.items()}
        self.requests.append(RecordedRequest(connection.path, headers, body))
        wire = Wire(connection, self._headers())
        request = self._refuse_key(connection) or read_request(body, self._kind, self._context_tokens)
        if isinstance(request, Failure):
            return await wire.send(request, None, "")
        model = find_model(request.model, self._kind)
        assert model is not None
        reply = self._script.popleft() if self._script else self._otherwise(request)
        if isinstance(reply, Held):
            self._held.append(reply)
            if self._stopped.is_set():
                reply.release()
            wire = Wire(connection, self._headers(), reply)
            reply = reply.reply
        return await wire.send(reply, request, model.snapshot)

    def _refuse_key(self, connection: web.Request) -> Failure | None:
        if self._kind != "openai":
            return None
        return refuse_key(connection.headers.get("Authorization"), self.api_key)

    def _headers(self) -> dict[str, str]:
        """What every answer carries; the budgets are shown, and never enforced."""
        since = time.monotonic() - _MINUTE
        recent = [one for one in self.requests if one.received_at > since]
        tokens = sum(len(json.dumps(one.body)) // 4 for one in recent)
        return {
            "x-request-id": f"req_{secrets.token_hex(16)}",
            "openai-processing-ms": "1",
            "x-ratelimit-limit-requests": str(REQUESTS_PER_MINUTE),
            "x-ratelimit-limit-tokens": str(TOKENS_PER_MINUTE),
            "x-ratelimit-remaining-requests": str(max(0, REQUESTS_PER_MINUTE - len(recent))),
            "x-ratelimit-remaining-tokens": str(max(0, TOKENS_PER_MINUTE - tokens)),
            "x-ratelimit-reset-requests": "120ms",
            "x-ratelimit-reset-tokens": "6m0s",
        }


def answer_unscripted(request: ChatRequest) -> Reply:
    """What every request gets without a script: an answer by its schema, or by one written in the prompt."""
    if request.schema_definition is not None:
        return Content(answer_by_schema(request.schema_definition, request))
    schema = find_schema(request.prompt)
    wants_json = request.response_format is not None and request.response_format.type == "json_object"
    if schema is None:
        return Content("{}" if wants_json else f"I have read {prompt_tokens(request)} tokens.")
    answer = answer_by_schema(schema, request)
    return Content(answer if wants_json else f"```json\n{answer}\n```")
