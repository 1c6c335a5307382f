"""Server-sent events: what happens on all streams, for one workspace, as one client wishes to see it."""

import datetime
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache

from fastapi.sse import ServerSentEvent

from libs.common.streams.course import Seen
from libs.common.streams.place import Place, id_parts
from libs.common.streams.tail import Began, Ended, Note, Tail
from services.gateway.pipeline.summary import Published
from services.gateway.schemas.events import EventSummary, TailedEvent, TailNote

SILENT_AT_MOST = 500
"""Events that a client does not wish for, after which it hears all the same how far it has come."""

_RETRY_MS = 2000
_MESSAGES = {
    "unavailable": "Redis does not answer; what happens meanwhile is shown afterwards",
    "restarted": "Redis has lost what a stream held; some events may be shown again",
    "too_slow": "events came faster than they were read; connect again to go on where this ended",
    "closing": "this gateway stops; connect again to go on where this ended",
}


@dataclass(frozen=True)
class Wish:
    """Which events a client wants to see."""

    workspace: str
    start: Place | None
    meeting_id: str | None
    stages: frozenset[str]
    is_failed_only: bool

    def wants(self, summary: EventSummary) -> bool:
        """Whether this is one of them; an event that says no workspace is nobody's."""
        return (
            summary.body.get("workspace") == self.workspace
            and self.meeting_id in (None, summary.meeting_id)
            and (not self.stages or summary.stage in self.stages)
            and (not self.is_failed_only or summary.given_up is not None)
        )


async def server_sent_events(tail: Tail, wish: Wish) -> AsyncIterator[ServerSentEvent]:
    """The events, each under the id from which a client goes on that connects again."""
    place, passed_over = wish.start, 0
    async with aclosing(tail.follow(wish.start)) as items:
        async for item in items:
            if isinstance(item, Note | Ended):
                yield _note(item, place)
                continue
            place = item.place
            if isinstance(item, Began):
                yield ServerSentEvent(event="begin", raw_data="{}", id=str(place), retry=_RETRY_MS)
            elif (summary := _summary(item)) is not None and wish.wants(summary):
                yield ServerSentEvent(raw_data=summary.model_dump_json(), id=str(place))
                passed_over = 0
            elif (passed_over := passed_over + 1) % SILENT_AT_MOST == 0:
                yield ServerSentEvent(id=str(place))


def _note(item: Note | Ended, place: Place | None) -> ServerSentEvent:
    note = TailNote(reason=item.reason, message=_MESSAGES[item.reason])
    kind = "end" if isinstance(item, Ended) else "note"
    return ServerSentEvent(event=kind, raw_data=note.model_dump_json(), id=str(place) if place else None)


@lru_cache(maxsize=1024)
def _summary(seen: Seen) -> TailedEvent | None:
    """Read once for all clients; `None` if nobody can read it."""
    entry = seen.entry
    milliseconds, _ = id_parts(seen.entry_id)
    try:
        summary = Published(
            publisher=entry.publisher,
            position=entry.position,
            stream=seen.stream,
            event=entry.event,
            report=entry.report,
            at=datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC),
        ).summary()
    except ValueError:
        return None
    is_again = entry.spent > 0 or entry.waiting_since != ""
    return TailedEvent(**dict(summary), is_again=is_again, spent=entry.spent)
