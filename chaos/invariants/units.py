"""Each unit has one outcome in the store and the rows that it says, and no unit took more attempts than it may."""

import asyncio
from collections.abc import Iterable, Sequence

from pydantic import ValidationError

from chaos.evidence import Evidence, FactRow, RunRow
from libs.common.outcome import Outcome, Unit, outcome_key
from libs.common.storage import ObjectStore

_MOST_ATTEMPTS = 3
_READS_AT_ONCE = 16
_ACCEPT = "accept"


async def check_units(evidence: Evidence, store: ObjectStore) -> list[str]:
    """What contradicts itself."""
    by_unit: dict[Unit, list[FactRow]] = {}
    for fact in evidence.facts:
        by_unit.setdefault(fact.unit, []).append(fact)
    faults = [fault for unit, facts in by_unit.items() for fault in _check_rows(unit, facts)]
    kept = {unit: facts for unit, facts in by_unit.items() if _has_outcome(facts[0], evidence.runs[unit.run_id])}
    outcomes = await _outcomes(kept, evidence, store)
    for unit, facts in kept.items():
        faults += _check_outcome(unit, facts, outcomes[unit])
    return faults + [fault for run in evidence.runs.values() for fault in _check_completeness(run, by_unit)]


def _has_outcome(fact: FactRow, run: RunRow) -> bool:
    return fact.stage != _ACCEPT and fact.is_own and not run.is_deleted


def _check_rows(unit: Unit, facts: Sequence[FactRow]) -> list[str]:
    faults = []
    if {fact.siblings for fact in facts} != {len(facts)}:
        faults.append(f"{unit.id} published {facts[0].siblings} facts, of which {len(facts)} have rows")
    attempts = max(fact.parsed_report.attempts for fact in facts)
    if attempts > _MOST_ATTEMPTS:
        faults.append(f"{unit.id} took {attempts} attempts")
    return faults


async def _outcomes(units: Iterable[Unit], evidence: Evidence, store: ObjectStore) -> dict[Unit, Outcome | None]:
    places = asyncio.Semaphore(_READS_AT_ONCE)

    async def load(unit: Unit) -> tuple[Unit, Outcome | None]:
        async with places:
            data = await store.find(outcome_key(evidence.runs[unit.run_id].folder, unit))
        try:
            return unit, Outcome.model_validate_json(data) if data else None
        except ValidationError:
            return unit, None

    return dict(await asyncio.gather(*(load(unit) for unit in units)))


def _check_outcome(unit: Unit, facts: Sequence[FactRow], outcome: Outcome | None) -> list[str]:
    if outcome is None:
        return [f"{unit.id} has rows and no outcome"]
    said = [(one.stream, one.event) for one in outcome.published]
    rows = [(fact.stream, fact.parsed_event) for fact in sorted(facts, key=lambda fact: fact.position)]
    return [] if said == rows else [f"the rows of {unit.id} are not what its outcome says"]


def _check_completeness(run: RunRow, by_unit: dict[Unit, list[FactRow]]) -> list[str]:
    """A run that completed has an outcome for every input, a fan-in's inputs being one."""
    if run.status != "completed":
        return []
    facts = [fact for unit, found in by_unit.items() if unit.run_id == run.id for fact in found]
    wanted = {unit for fact in facts if (unit := fact.next_unit) is not None}
    return [f"{unit.id} has an input and no outcome in a completed run" for unit in wanted if unit not in by_unit]
