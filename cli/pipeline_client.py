"""A gateway, as this program talks to it about the line."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import httpx
from httpx_sse import ServerSentEvent, SSEError, connect_sse

from cli.answers.pipeline import (
    DeadLetter,
    DeadLetterDetails,
    DeadLetters,
    DroppedLetters,
    PastEvent,
    Pipeline,
    RetriedLetters,
    SpeakerEvents,
    TailedEvent,
    TailNote,
)
from cli.connection import nobody_answers, read, refused
from cli.errors import GatewayRefused, GatewayUnreachable, KeyRefused
from cli.runs_client import RunsGateway

_DEAD = "/api/pipeline/dead"
_SILENCE = httpx.Timeout(10.0, read=45.0)
"""A gateway sends a sign of life every 15 seconds."""

_PAUSE = 2.0


@dataclass(frozen=True)
class TailWish:
    """Which events to show."""

    meeting_id: str | None
    stages: tuple[str, ...]
    is_failed_only: bool
    since: float | None
    """Seconds back from now; `None` for what happens from now on."""

    @property
    def parameters(self) -> dict[str, str | list[str]]:
        given: dict[str, str | list[str] | None] = {
            "meeting": self.meeting_id,
            "stage": list(self.stages) or None,
            "failed": "true" if self.is_failed_only else None,
            "since": None if self.since is None else str(self.since),
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass
class _Place:
    """Up to where events were shown."""

    last_id: str | None = None
    is_away: bool = False
    """Whether the gateway has not answered since, which is said once."""


class PipelineGateway(RunsGateway):
    """A gateway that shows its line."""

    def pipeline(self) -> Pipeline:
        return read(Pipeline, self.call("GET", "/api/pipeline"))

    def events(self, meeting_id: str, run_id: str | None) -> Iterator[PastEvent]:
        """The history of a run of a meeting; pages are fetched as they are read."""
        params = {"run": run_id} if run_id else {}
        return self.pages(f"/api/meetings/{meeting_id}/events", "events", PastEvent, params=params)

    def speaker_events(self, speaker_id: str) -> tuple[PastEvent, ...]:
        """The history of a speaker's samples."""
        return read(SpeakerEvents, self.call("GET", f"/api/speakers/{speaker_id}/events")).events

    def tail(self, wish: TailWish, note: Callable[[str], None], *, pause: float = _PAUSE) -> Iterator[TailedEvent]:
        """Events as they happen, until somebody stops; `note` is told of what interrupts them.

        `pause`: seconds before it connects again.

        Raises:
            GatewayUnreachable, GatewayRefused: It could not even begin.
        """
        place = _Place()
        while True:
            try:
                yield from self._tail_on(wish, place, note)
            except KeyRefused:
                raise
            except (GatewayUnreachable, GatewayRefused):
                if place.last_id is None:
                    raise
                if not place.is_away:
                    note("the gateway does not answer; trying again")
                place.is_away = True
            time.sleep(pause)

    def _tail_on(self, wish: TailWish, place: "_Place", note: Callable[[str], None]) -> Iterator[TailedEvent]:
        """What happens behind a place, until the connection ends."""
        try:
            for sent in self._sent(wish, place.last_id):
                if place.is_away:
                    note("the gateway answers again")
                place.last_id, place.is_away = sent.id or place.last_id, False
                if not sent.data:
                    continue  # a sign of life: https://github.com/florimondmanca/httpx-sse/issues/35
                if sent.event == "message":
                    yield TailedEvent.model_validate_json(sent.data)
                elif sent.event in {"note", "end"}:
                    note(TailNote.model_validate_json(sent.data).message)
        except (httpx.HTTPError, SSEError) as error:
            raise GatewayUnreachable(nobody_answers(self.url, error)) from error

    def _sent(self, wish: TailWish, last_id: str | None) -> Iterator[ServerSentEvent]:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        path = "/api/pipeline/events"
        with connect_sse(self.http, "GET", path, params=wish.parameters, headers=headers, timeout=_SILENCE) as source:
            if source.response.is_error:
                source.response.read()
                raise refused(source.response)
            yield from source.iter_sse()

    def dead_letters(self, code: str | None) -> Iterator[DeadLetter]:
        """What was given up, newest first; pages are fetched as they are read."""
        return self.pages(_DEAD, "letters", DeadLetter, params={"code": code} if code else {})

    def dead_codes(self) -> Iterable[str]:
        """All codes with which something was given up."""
        return read(DeadLetters, self.call("GET", _DEAD, params={"limit": "1"})).codes

    def dead_letter(self, event: str) -> DeadLetterDetails:
        return read(DeadLetterDetails, self.call("GET", _address(event)))

    def drop(self, event: str) -> DroppedLetters:
        return read(DroppedLetters, self.call("POST", f"{_address(event)}/drop"))

    def drop_all(self, code: str | None, *, is_dry_run: bool) -> DroppedLetters:
        """Drop all of a code, or all."""
        return read(DroppedLetters, self.call("POST", f"{_DEAD}/drop", params=_which(code, is_dry_run=is_dry_run)))

    def retry(self, event: str) -> RetriedLetters:
        return read(RetriedLetters, self.call("POST", f"{_address(event)}/retry"))

    def retry_all(self, code: str | None, *, is_dry_run: bool) -> RetriedLetters:
        """Retry all of a code, or all."""
        params = _which(code, is_dry_run=is_dry_run)
        return read(RetriedLetters, self.call("POST", f"{_DEAD}/retry", params=params, timeout=httpx.Timeout(600.0)))


def _address(event: str) -> str:
    """`#` has a meaning of its own in an address."""
    return f"{_DEAD}/{event.partition('#')[0]}"


def _which(code: str | None, *, is_dry_run: bool) -> Mapping[str, str]:
    named = {"all": "true"} if code is None else {"code": code}
    return {**named, "dry_run": str(is_dry_run).lower()}
