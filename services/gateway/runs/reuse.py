"""What a new run takes over from the facts of another, and where its own work begins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import get_args
from uuid import UUID

from asyncpg import Record

from libs.common.events import (
    EVENTS,
    ChunkTranscribed,
    Event,
    MinutesPlanned,
    SampleNormalized,
    StageFailed,
    TranscriptAssembled,
)
from libs.common.line import LINE, ClientStage
from libs.common.outcome import Report, Unit
from services.gateway.database import Connection, load_queries
from services.gateway.errors import NothingGivenUp, ReplayNotPossible
from services.gateway.intake.acceptance import ACCEPT
from services.gateway.runs.status import STAGES

CLIENT_STAGES: tuple[ClientStage, ...] = get_args(ClientStage)

_SQL = load_queries("replays")


@dataclass(frozen=True)
class StoredFact:
    """A row of `facts`, with all that its unit published there."""

    unit: Unit
    position: int
    siblings: int
    event: Event
    report: str
    """JSON."""

    worked_in: str
    """The run that worked the unit."""

    @property
    def is_given_up(self) -> bool:
        """Whether its unit failed, or gave something else instead of what it is for."""
        event = self.event
        is_gap = isinstance(event, ChunkTranscribed) and event.words_key is None
        return isinstance(event, StageFailed) or is_gap or Report.model_validate_json(self.report).given_up is not None


@dataclass(frozen=True)
class Reuse:
    """The beginning of a run, made of another's facts."""

    facts: tuple[StoredFact, ...]

    stage: str
    """Of the line: the first with something to work."""

    publishers: tuple[Unit, ...]
    """The units whose facts it consumes."""


async def stored_facts(connection: Connection, run_id: str) -> tuple[StoredFact, ...]:
    """All facts of a run, in the order in which they were recorded."""
    return tuple(_stored(row) for row in await connection.fetch(_SQL["stored_facts"], UUID(run_id)))


def reuse_before(stage: ClientStage, facts: Sequence[StoredFact]) -> Reuse:
    """Everything that the stages before this one have published.

    Raises:
        ReplayNotPossible: They have not finished; the text says which stages are possible.
    """
    found = {one: _reuse(facts, _finished_before(one)) for one in CLIENT_STAGES}
    possible = [one for one, reuse in found.items() if reuse is not None and reuse.stage == STAGES[one][0]]
    reuse = found[stage]
    if reuse is None or stage not in possible:
        choice = " or ".join(possible)
        raise ReplayNotPossible(f"a stage before {stage} has not finished; this run can be replayed from {choice}")
    return reuse


def reuse_finished(facts: Sequence[StoredFact]) -> Reuse:
    """Everything but what was given up, and what followed from that.

    Raises:
        NothingGivenUp: All of it could be reused.
    """
    reuse = _reuse(facts, lambda unit: _is_whole(unit) and not any(one.is_given_up for one in unit))
    if reuse is None or not any(one.is_given_up for one in facts):
        raise NothingGivenUp("nothing of this run was given up")
    return reuse


def reuse_normalized(facts: Sequence[StoredFact]) -> Reuse:
    """Everything before the voice of a sample whose clip has been normalized."""
    reuse = _reuse(facts, lambda unit: _is_whole(unit) and isinstance(unit[0].event, SampleNormalized))
    assert reuse is not None  # no voice is taken over
    return reuse


def client_stage(stage: str) -> str:
    """The stage as a client sees it; samples have no others than those of the line."""
    return next((name for name, parts in STAGES.items() if stage in parts), stage)


def asking_for(personas: tuple[str, ...], facts: Sequence[StoredFact]) -> tuple[StoredFact, ...]:
    """The same facts, with minutes planned for these personas; the transcript must be among them."""
    first = next(one for one in facts if isinstance(one.event, TranscriptAssembled))
    assert isinstance(first.event, TranscriptAssembled)
    assembled = first.event.model_copy(update={"personas": personas})
    events = [assembled, *(MinutesPlanned.of(assembled, persona) for persona in personas)]
    asked = [
        replace(first, position=position, siblings=len(events), event=event) for position, event in enumerate(events)
    ]
    return (*(one for one in facts if one.unit != first.unit), *asked)


def _reuse(facts: Sequence[StoredFact], is_kept: Callable[[Sequence[StoredFact]], bool]) -> Reuse | None:
    """Follow the line for as long as all units that are asked for are kept; `None` if it ends so."""
    units = {unit: list(own) for unit, own in groupby(sorted(facts, key=_place), key=lambda one: one.unit)}
    kept = {unit for unit in units if unit.stage == ACCEPT}
    for position in LINE:
        inputs = [one for one in facts if one.unit in kept and isinstance(one.event, position.consumes)]
        asked = {position.unit(one.event): one.unit for one in inputs}
        kept |= {unit for unit in asked if is_kept(units.get(unit, ()))}
        left = dict.fromkeys(publisher for unit, publisher in asked.items() if unit not in kept)
        if left:
            return Reuse(tuple(one for one in facts if one.unit in kept), position.stage, tuple(left))
    return None


def _finished_before(stage: ClientStage) -> Callable[[Sequence[StoredFact]], bool]:
    """Whether a unit is whole and belongs to an earlier stage. One that failed ends the line, unless it is a chunk."""
    earlier = {part for one in CLIENT_STAGES[: CLIENT_STAGES.index(stage)] for part in STAGES[one]}
    return lambda unit: _is_whole(unit) and unit[0].unit.stage in earlier


def _is_whole(unit: Sequence[StoredFact]) -> bool:
    return len(unit) > 0 and len(unit) == unit[0].siblings


def _place(fact: StoredFact) -> tuple[str, int]:
    return fact.unit.id, fact.position


def _stored(row: Record) -> StoredFact:
    return StoredFact(
        unit=Unit(run_id=str(row["run_id"]), stage=row["stage"], part=row["part"]),
        position=row["position"],
        siblings=row["siblings"],
        event=EVENTS[row["stream"]].model_validate_json(row["event"]),
        report=row["report"],
        worked_in=str(row["worked_in"]),
    )
