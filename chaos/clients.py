"""The clients of a run: they hand in meetings and clips all the time, and change their minds about some."""

import asyncio
import random
from collections.abc import Awaitable, Sequence

from chaos.deck import Card, cards
from chaos.inputs import SUFFIX, Upload
from chaos.ledger import Kind, Ledger, Replay, Request
from chaos.polling import until
from chaos.repertoire import Repertoire
from chaos.requests import Requests
from chaos.uploads import begin_upload

_CHANGES_MIND_AFTER = (0.0, 3.0)
_REPLAYED_WITHIN = 45.0
_CONNECTS_WITHIN = 10.0
_STAGES = ("normalize", "diarize", "match", "transcribe", "summarize")

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
        self.played = 0
        """How many cards they have played."""

    async def run(self, seconds: float, count: int) -> None:
        """Begin `count` things, spread over the time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        times = sorted(self._rng.uniform(0, seconds) for _ in range(count))
        for at, card in zip(times, cards(self._rng), strict=False):
            await asyncio.sleep(max(0.0, began + at - loop.time()))
            self._begin(self._play(card))
            self.played += 1

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

    def _play(self, card: Card) -> Awaitable[object]:
        """All choices are made now, in the order of the cards."""
        rng, delay = self._rng, self._rng.uniform(*_CHANGES_MIND_AFTER)
        match card:
            case "cut upload":
                return self._cut(self.repertoire.meeting(rng), rng.choice(self._gateways))
            case "enrolment" | "enrolment and deletion":
                return self._enrolment(self._request("speaker", self.repertoire.clip(rng)), card, delay)
            case _:
                request = self._request("meeting", self.repertoire.meeting(rng))
                return self._meeting(request, card, delay, Replay(f"replay-{request.key}", rng.choice(_STAGES)))

    def _request(self, kind: Kind, upload: Upload) -> Request:
        self._number += 1
        key = f"{kind}-{self._number:05d}"
        fields = {"name": key} if kind == "speaker" else {"personas": ",".join(PERSONAS), "recorded_at": RECORDED_AT}
        request = Request(kind, key, upload, fields)
        self.ledger.requests.append(request)
        return request

    async def _promised(self, request: Request) -> None:
        await self.requests.hand_in(request)

    async def _meeting(self, request: Request, card: Card, delay: float, replay: Replay) -> None:
        times = 2 if card == "twice" else 1
        await asyncio.gather(*(self.requests.hand_in(request) for _ in range(times)))
        await asyncio.sleep(delay)
        await self.requests.get(f"/api/meetings/{request.id}/status")
        if card == "cancel":
            await self.requests.cancel(request)
        elif card == "delete":
            await self.requests.delete(request)
        elif card == "replay" and await self._is_completed(request):
            await self.requests.replay(request, replay)

    async def _is_completed(self, request: Request) -> bool:
        """Wait for that for a while."""

        async def is_so() -> bool:
            answer = await self.requests.get(f"/api/meetings/{request.id}/status")
            return bool(answer.json().get("status") == "completed")

        return await until(is_so, within=_REPLAYED_WITHIN)

    async def _enrolment(self, request: Request, card: Card, delay: float) -> None:
        await self.requests.hand_in(request)
        if card == "enrolment and deletion":
            await asyncio.sleep(delay)
            await self.requests.delete(request)

    async def _cut(self, upload: Upload, gateway: str) -> None:
        name = self.new_cut()
        try:
            async with asyncio.timeout(_CONNECTS_WITHIN):
                writer = await begin_upload(gateway, name, upload, key=None)
                writer.close()
        except (OSError, TimeoutError):
            return  # then it was not even begun
