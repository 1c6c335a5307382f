"""Who talks when, and under which name, in two runs."""

from libs.common.scoring.diarization import Alignment
from libs.common.speakers import Decision, SpeakerMatches
from services.gateway.schemas.comparison import SpeakerComparison, TurnComparison, TurnDifference
from services.gateway.schemas.results import ResultSpeaker


def compare_turns(alignment: Alignment, *, collar: float) -> TurnComparison:
    """DER, and the times at which somebody else talks."""
    return TurnComparison(collar=collar, errors=alignment.errors, differences=_differences(alignment))


def compare_speakers(
    before: SpeakerMatches, after: SpeakerMatches, *, alignment: Alignment
) -> tuple[SpeakerComparison, ...]:
    """Each voice once, in the order of `before`; then those that only `after` has."""
    remaining = {one.label: one for one in after.decisions}
    pairs: list[tuple[Decision | None, Decision | None]] = [
        (one, remaining.pop(alignment.labels.get(one.label, ""), None)) for one in before.decisions
    ]
    pairs += [(None, one) for one in remaining.values()]
    return tuple(_speaker(one, other, alignment) for one, other in pairs)


def _differences(alignment: Alignment) -> tuple[TurnDifference, ...]:
    """Stretches that touch and say the same are one."""
    found: list[TurnDifference] = []
    for stretch in alignment.stretches:
        if alignment.is_same(stretch):
            continue
        one = TurnDifference(
            start=stretch.start,
            end=stretch.end,
            before=tuple(sorted(stretch.reference)),
            after=tuple(sorted(stretch.hypothesis)),
        )
        last = found[-1] if found else None
        if last and (last.end, last.before, last.after) == (one.start, one.before, one.after):
            found[-1] = last.model_copy(update={"end": one.end})
        else:
            found.append(one)
    return tuple(found)


def _speaker(before: Decision | None, after: Decision | None, alignment: Alignment) -> SpeakerComparison:
    shared = alignment.shared[before.label, after.label] if before and after else 0.0
    return SpeakerComparison(
        before=_shown(before),
        after=_shown(after),
        shared_seconds=round(shared, 3),
        is_changed=not (before and after and _identity(before) == _identity(after)),
    )


def _identity(one: Decision) -> tuple[str | None, str | None]:
    return one.speaker_id, one.name


def _shown(one: Decision | None) -> ResultSpeaker | None:
    return ResultSpeaker.model_validate(one, from_attributes=True) if one else None
