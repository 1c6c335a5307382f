"""Which unit of a case is meant."""

from collections.abc import Iterator, Sequence

from cli.errors import UnitNotNamed
from libs.common.cases.folder import Case, RecordedUnit, UnreadableCase

_LISTED = 10


def chosen(case: Case, stage: str | None, event: str | None) -> RecordedUnit:
    """The unit that is meant; without a word of it, the one that was packed, or the only one that was given up.

    Raises:
        UnitNotNamed: None is meant, or several; the text lists them.
    """
    try:
        units = [case.unit_of(name) for name in _names(case, event)]
    except UnreadableCase as error:
        raise UnitNotNamed(error.message) from error
    meant = [one for one in units if stage in {None, one.unit.stage}]
    if event is not None and stage is not None and not meant:
        raise UnitNotNamed(_misnamed(case, stage, event, units))
    if len(meant) > 1 and stage is None:
        meant = [one for one in meant if _was_given_up(case, one)] or meant
    if len(meant) != 1:
        raise UnitNotNamed("\n".join(_question(case, meant or units)))
    return meant[0]


def _names(case: Case, event: str | None) -> list[str]:
    """Names of the events that ask for units: the one that was named, was packed, or all of the current run."""
    if event is not None:
        run, _, rest = event.rpartition("/")
        return [one.name for one in case.events if one.name.startswith(run) and one.name.endswith(f"/{rest}")]
    if case.manifest.event is not None:
        return [case.manifest.event]
    runs = {one.run_id for one in case.manifest.runs}
    meant = {case.manifest.current_run_id} & runs or runs
    return [one.event.name for one in case.units() if one.unit.run_id in meant]


def _was_given_up(case: Case, recorded: RecordedUnit) -> bool:
    outcome = case.outcome(recorded)
    return outcome is not None and (outcome.status == "failed" or outcome.report.given_up is not None)


def _misnamed(case: Case, stage: str, event: str, units: Sequence[RecordedUnit]) -> str:
    """Why a stage and an event do not go together; `units` are those that the event asks for."""
    if units:
        return f"that event asks for {units[0].unit.stage}, not for {stage}"
    names = [one.event.name for one in case.units() if one.unit.stage == stage]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"the file has no event {event} for {stage}; there are: {', '.join(names[:_LISTED]) or 'none'}{more}"


def _question(case: Case, meant: Sequence[RecordedUnit]) -> Iterator[str]:
    yield "say which unit is meant, by its stage and event:"
    for one in meant or case.units():
        outcome = case.outcome(one)
        yield f"  {one.unit.stage} {one.event.name}  ({outcome.status if outcome else 'no outcome yet'})"
