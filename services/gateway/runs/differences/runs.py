"""Two runs of one meeting side by side."""

from collections.abc import Iterator

from libs.common.minutes import Usage
from libs.common.scoring.diarization import align_turns
from libs.common.speech import Frozen
from services.gateway.runs.contents import RunContents
from services.gateway.runs.differences.makers import compare_engines, compare_settings
from services.gateway.runs.differences.minutes import compare_minutes
from services.gateway.runs.differences.turns import compare_speakers, compare_turns
from services.gateway.runs.differences.words import compare_words
from services.gateway.schemas.comparison import (
    ComparedPart,
    ComparedRun,
    Comparison,
    MinutesComparison,
    MissingPart,
    SpeakerComparison,
    TurnComparison,
    WordComparison,
)


def compare_runs(meeting_id: str, before: RunContents, after: RunContents, *, collar: float) -> Comparison:
    """Everything that both runs have; `collar`, in seconds, concerns the turns only."""
    turns, speakers = _voices(before, after, collar)
    return Comparison(
        meeting_id=meeting_id,
        before=_compared(before),
        after=_compared(after),
        turns=turns,
        speakers=speakers,
        words=_words(before, after),
        minutes=dict(_minutes(before, after)),
        engines=compare_engines(before.engines, after.engines),
        settings=compare_settings(before.settings, after.settings),
        missing=tuple(part for one in (before, after) for part in _missing(one, (*before.personas, *after.personas))),
    )


def _compared(run: RunContents) -> ComparedRun:
    usage = sum((one.usage for one in run.minutes.values()), start=Usage())
    return ComparedRun(run_id=run.run_id, status=run.status, usage=usage)


def _voices(
    before: RunContents, after: RunContents, collar: float
) -> tuple[TurnComparison | None, tuple[SpeakerComparison, ...] | None]:
    if before.turns is None or after.turns is None:
        return None, None
    scored = align_turns(before.turns.turns, after.turns.turns, collar=collar)
    turns = compare_turns(scored, collar=collar)
    if before.speakers is None or after.speakers is None:
        return turns, None
    everything = align_turns(before.turns.turns, after.turns.turns) if collar else scored
    return turns, compare_speakers(before.speakers, after.speakers, alignment=everything)


def _words(before: RunContents, after: RunContents) -> WordComparison | None:
    if before.transcript is None or after.transcript is None:
        return None
    return compare_words(before.transcript, after.transcript)


def _minutes(before: RunContents, after: RunContents) -> Iterator[tuple[str, MinutesComparison]]:
    if before.transcript is None or after.transcript is None:
        return
    for persona, minutes in before.minutes.items():
        if persona in after.minutes:
            yield (
                persona,
                compare_minutes(
                    minutes,
                    after.minutes[persona],
                    transcript_before=before.transcript,
                    transcript_after=after.transcript,
                ),
            )


def _missing(run: RunContents, personas: tuple[str, ...]) -> Iterator[MissingPart]:
    artifacts: dict[ComparedPart, Frozen | None] = {
        "turns": run.turns,
        "speakers": run.speakers,
        "words": run.transcript,
    }
    for part, artifact in artifacts.items():
        if artifact is None:
            yield MissingPart(run_id=run.run_id, part=part, message=f"the run is {run.status} and has no {part}")
    for persona in dict.fromkeys(personas):
        if persona not in run.minutes:
            asked = f"is {run.status} and has no" if persona in run.personas else "was not asked for"
            message = f"the run {asked} minutes for {persona}"
            yield MissingPart(run_id=run.run_id, part="minutes", persona=persona, message=message)
