"""A run that takes over facts of another: its rows, and the objects that its units look for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from uuid import UUID

from libs.common.events import Event, MeetingEvent, SpeakersMatched
from libs.common.outcome import Outcome, PublishedEvent, Unit, outcome_key
from libs.common.request import MeetingRequest
from libs.common.storage import ObjectStore
from libs.common.subject import subject_of
from libs.common.transcript import language_key
from services.gateway.begun import Begun, note
from services.gateway.database import Connection, load_queries
from services.gateway.runs.reuse import Reuse, StoredFact, client_stage

_SQL = load_queries("replays")
_COPIES_AT_ONCE = 16


@dataclass(frozen=True)
class Successor:
    """The run, before its rows are written."""

    id: UUID
    origin_id: UUID
    workspace: str
    meeting_id: UUID | None
    sample_id: UUID | None
    reuse: Reuse
    request: MeetingRequest | None = None
    """Of a meeting."""

    @property
    def folder(self) -> str:
        """Where its own objects are; what it takes over stays where it is."""
        return f"{self._owner}/{self.id}"

    async def put_objects(self, store: ObjectStore) -> None:
        """Store the request, the outcomes of units that are delivered again or that a fan-in lists, the language."""
        if self.request is None:
            return
        await store.put(self._request_key, self.request.model_dump_json().encode())
        stage = "transcribe" if self.reuse.stage == "assemble" else self.reuse.stage
        units = {one.unit: one.worked_in for one in self.reuse.facts if one.unit.stage == stage}
        left = iter(units.items())
        while batch := tuple(islice(left, _COPIES_AT_ONCE)):
            copies = [self._copy_outcome(store, unit, worked_in) for unit, worked_in in batch]
            # All of them come to their end: who removes what is there after a failure must not be overtaken.
            for failure in await asyncio.gather(*copies, return_exceptions=True):
                if failure is not None:
                    raise failure
        if units and stage == "transcribe":
            await self._copy_language(store)

    async def lock_speakers(self, connection: Connection) -> None:
        """Let nobody delete the speakers whom it takes over; before any lock on a meeting or run."""
        if any(isinstance(one.event, SpeakersMatched) for one in self.reuse.facts):
            await connection.fetch(_SQL["lock_speakers_of_labels"], self.origin_id)

    async def insert(self, connection: Connection, *, becomes_current: bool) -> None:
        """Write the rows from which the line goes on by itself once the transaction is committed.

        Its speakers are locked.
        """
        stage = client_stage(self.reuse.stage)
        owner = (self.workspace, self.meeting_id, self.sample_id, self.folder)
        await connection.execute(_SQL["insert_run"], self.id, *owner, self.origin_id, stage, becomes_current)
        facts = [replace(one, event=self._own(one.event)) for one in self.reuse.facts]
        await connection.executemany(_SQL["insert_fact"], [(self.id, *_columns(one)) for one in facts])
        if any(isinstance(one.event, SpeakersMatched) for one in facts):
            await connection.execute(_SQL["copy_labels"], self.origin_id, self.id)
        for unit in self.reuse.publishers:
            event = next(one.event for one in facts if one.unit == unit and one.position == 0)
            await connection.execute(
                _SQL["insert_outbox"], self.id, unit.stage, unit.part, event.stream, event.model_dump_json()
            )
        note(Begun(str(self.id), subject_of(facts[0].event), str(self.origin_id)))

    async def _copy_outcome(self, store: ObjectStore, unit: Unit, worked_in: str) -> None:
        outcome = await store.load(Outcome, outcome_key(f"{self._owner}/{worked_in}", unit))
        own = unit.model_copy(update={"run_id": str(self.id)})
        published = tuple(PublishedEvent.of(self._own(event)) for event in outcome.events)
        changes = {"unit": own, "published": published, "input": PublishedEvent.of(self._own(outcome.input.event))}
        await store.put(outcome_key(self.folder, own), outcome.model_copy(update=changes).model_dump_json().encode())

    async def _copy_language(self, store: ObjectStore) -> None:
        """So that its own chunks are heard in the language of those that it takes over."""
        heard = await store.find(language_key(f"{self._owner}/{self.origin_id}"))
        if heard is not None:
            await store.put(language_key(self.folder), heard)

    def _own(self, event: Event) -> Event:
        """The event as one of this run; keys of artifacts stay what they are."""
        changes: dict[str, object] = {"run_id": str(self.id)}
        if isinstance(event, MeetingEvent) and self.request is not None:
            changes |= {"request_key": self._request_key, "request_revision": self.request.revision}
        return event.model_copy(update=changes)

    @property
    def _owner(self) -> str:
        return f"samples/{self.sample_id}" if self.meeting_id is None else f"meetings/{self.meeting_id}"

    @property
    def _request_key(self) -> str:
        return f"{self.folder}/request.json"


def _columns(fact: StoredFact) -> Sequence[object]:
    place = (fact.unit.stage, fact.unit.part, fact.position, fact.siblings)
    return (*place, fact.event.stream, fact.event.model_dump_json(), fact.report, UUID(fact.worked_in))
