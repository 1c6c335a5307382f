"""The clients of a run: they hand in meetings and clips all the time, and change their minds about some."""

import asyncio
import random
from collections.abc import Awaitable, Sequence
from urllib.parse import urlsplit

from chaos.inputs import SUFFIX, Upload
from chaos.ledger import Kind, Ledger, Replay, Request
from chaos.polling import until
from chaos.repertoire import Repertoire
from chaos.requests import Requests

_ENROLMENTS = 0.15
_CUT_UPLOADS = 0.05
_TWICE = 0.08
_CANCELLED = 0.06
_DELETED = 0.08
_REPLAYED = 0.1
_REPLAYED_WITHIN = 20.0
_READ = 0.3
_CHANGES_MIND_AFTER = (0.0, 4.0)
_STAGES = ("normalize", "diarize", "match", "transcribe", "summarize")
_BOUNDARY = "chaos-boundary"

PERSONAS = ("executive", "engineer")
RECORDED_AT = "2026-11-02T09:00:00Z"
"""Fixed, so that the same recording has the same results."""


class Clients:
    """All clients; what they do follows from the seed."""

    def __init__(self, gateways: Sequence[str], repertoire: Repertoire, rng: random.Random) -> None:
        self.ledger = Ledger()
        self.requests = Requests(gateways, self.ledger, random.Random(rng.random()))
        self._gateways = gateways
        self.repertoire = repertoire
        self._rng = rng
        self._busy: set[asyncio.Task[None]] = set()
        self._number = 0

    async def run(self, seconds: float, count: int) -> None:
        """Begin `count` things, spread over the time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for at in sorted(self._rng.uniform(0, seconds) for _ in range(count)):
            await asyncio.sleep(max(0.0, began + at - loop.time()))
            self._begin(self._something())

    async def finish(self) -> None:
        """Wait until every request has its answer."""
        while self._busy:
            await asyncio.wait(self._busy)

    async def close(self) -> None:
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
        await self.requests.close()

    def hand_in(self, kind: Kind, upload: Upload) -> Request:
        """Begin a request of one's own choice."""
        request = self._request(kind, upload)
        self._begin(self._promised(request))
        return request

    def repeat(self, request: Request) -> None:
        """Ask again for what may have been accepted."""
        self._begin(self._promised(request))

    def enrol(self, name: str, upload: Upload) -> None:
        """Begin an enrolment under a name of one's own choice."""
        request = self._request("speaker", upload)
        request.fields = {"name": name}
        self._begin(self._promised(request))

    def new_request(self, upload: Upload) -> Request:
        """A request for a meeting that somebody else sends first."""
        return self._request("meeting", upload)

    def new_cut(self) -> str:
        """The file name of an upload that will never be whole."""
        self._number += 1
        name = f"cut-{self._number:05d}.{SUFFIX}"
        self.ledger.cut.append(name)
        return name

    def _begin(self, what: Awaitable[object]) -> None:
        async def done() -> None:
            await what

        task = asyncio.create_task(done())
        self._busy.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.ledger.refused.append(f"a client failed: {error!r}")

    def _something(self) -> Awaitable[object]:
        chance = self._rng.random()
        if chance < _CUT_UPLOADS:
            return self._cut(self.repertoire.meeting(self._rng), self._rng.choice(self._gateways))
        if chance < _CUT_UPLOADS + _ENROLMENTS:
            return self._enrolment(self._request("speaker", self.repertoire.clip(self._rng)))
        return self._meeting(self._request("meeting", self.repertoire.meeting(self._rng)))

    def _request(self, kind: Kind, upload: Upload) -> Request:
        self._number += 1
        key = f"{kind}-{self._number:05d}"
        fields = {"name": key} if kind == "speaker" else {"personas": ",".join(PERSONAS), "recorded_at": RECORDED_AT}
        request = Request(kind, key, upload, fields)
        self.ledger.requests.append(request)
        return request

    async def _promised(self, request: Request) -> None:
        await self.requests.hand_in(request)

    def _meeting(self, request: Request) -> Awaitable[object]:
        change, delay = self._rng.random(), self._rng.uniform(*_CHANGES_MIND_AFTER)
        times = 2 if self._rng.random() < _TWICE else 1
        is_read = self._rng.random() < _READ
        replay = Replay(f"replay-{request.key}", self._rng.choice(_STAGES))

        async def live() -> None:
            await asyncio.gather(*(self.requests.hand_in(request) for _ in range(times)))
            await asyncio.sleep(delay)
            if is_read:
                await self.requests.get(f"/api/meetings/{request.id}/status")
            if change < _CANCELLED:
                await self.requests.cancel(request)
            elif change < _CANCELLED + _DELETED:
                await self.requests.delete(request)
            elif change < _CANCELLED + _DELETED + _REPLAYED and await self._is_completed(request):
                await self.requests.replay(request, replay)

        return live()

    async def _is_completed(self, request: Request) -> bool:
        """Wait for that for a while."""

        async def is_so() -> bool:
            answer = await self.requests.get(f"/api/meetings/{request.id}/status")
            return bool(answer.json().get("status") == "completed")

        return await until(is_so, within=_REPLAYED_WITHIN)

    def _enrolment(self, request: Request) -> Awaitable[object]:
        change, delay = self._rng.random(), self._rng.uniform(*_CHANGES_MIND_AFTER)

        async def live() -> None:
            await self.requests.hand_in(request)
            await asyncio.sleep(delay)
            if change < _DELETED:
                await self.requests.delete(request)

        return live()

    async def _cut(self, upload: Upload, gateway: str) -> None:
        name = self.new_cut()
        try:
            async with asyncio.timeout(10):
                writer = await begin_upload(gateway, name, upload, key=None)
                writer.close()
        except (OSError, TimeoutError):
            return  # then it was not even begun


async def begin_upload(gateway: str, filename: str, upload: Upload, *, key: str | None) -> asyncio.StreamWriter:
    """Send the first half of a meeting's upload; the rest is up to the caller."""
    address = urlsplit(gateway)
    body = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="audio"; filename="{filename}"\r\n\r\n'.encode()
        + upload.content
        + f"\r\n--{_BOUNDARY}--\r\n".encode()
    )
    head = [
        "POST /api/meetings/process HTTP/1.1",
        f"Host: {address.netloc}",
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}",
        f"Content-Length: {len(body)}",
        *([f"Idempotency-Key: {key}"] if key else []),
    ]
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write("\r\n".join([*head, "", ""]).encode() + body[: len(body) // 2])
    await writer.drain()
    return writer
