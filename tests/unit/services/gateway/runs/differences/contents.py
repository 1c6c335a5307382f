"""Two runs of one meeting, made by hand."""

from collections.abc import Sequence

from libs.common.engine import EngineInfo
from libs.common.minutes import ActionItem, Finding, Minutes
from libs.common.speakers import Decision, SpeakerMatches
from libs.common.speech import Diarization, Turn, Word
from libs.common.transcript import Transcript, Utterance
from services.gateway.runs.contents import RunContents


def turns(*each: tuple[float, float, str]) -> Diarization:
    return Diarization(turns=tuple(Turn(start=start, end=end, label=label) for start, end, label in each))


def matches(**names: str | None) -> SpeakerMatches:
    decisions = tuple(
        Decision(
            label=label,
            reason="matched" if name else "below_threshold",
            speaker_id=f"id of {name}" if name else None,
            name=name,
            score=0.9 if name else 0.4,
        )
        for label, name in names.items()
    )
    return SpeakerMatches(model=None, gallery_digest=None, threshold=0.7, margin=0.05, decisions=decisions)


def transcript(*lines: tuple[float, str]) -> Transcript:
    """Each line begins at its time; a word lasts 0.4 s, and the next follows at once."""
    return Transcript(
        language="en",
        utterances=tuple(
            _utterance(f"u{number:04d}", start, text.split()) for number, (start, text) in enumerate(lines, start=1)
        ),
    )


def _utterance(number: str, start: float, words: Sequence[str]) -> Utterance:
    said = tuple(
        Word(start=start + 0.4 * place, end=start + 0.4 * (place + 1), text=text, probability=0.9)
        for place, text in enumerate(words)
    )
    return Utterance(id=number, start=start, end=said[-1].end, label="SPEAKER_00", text=" ".join(words), words=said)


def minutes(
    persona: str = "executive", *, decisions: Sequence[str] = (), actions: Sequence[ActionItem] = ()
) -> Minutes:
    return Minutes(
        persona=persona,
        title=f"For the {persona}",
        summary="They talked.",
        decisions=tuple(Finding(text=text, evidence=("u0001",)) for text in decisions),
        action_items=tuple(actions),
        engine=EngineInfo(name="extractive"),
    )


def whole_run(run_id: str) -> RunContents:
    """A run that is completed."""
    return RunContents(
        run_id=run_id,
        status="completed",
        turns=turns((0, 4, "SPEAKER_00"), (4, 8, "SPEAKER_01"), (7, 9, "SPEAKER_00")),
        speakers=matches(SPEAKER_00="Ana", SPEAKER_01=None),
        transcript=transcript((0.0, "We ship on Friday."), (4.0, "Who tests the release?")),
        personas=("executive",),
        minutes={"executive": minutes(decisions=("Ship on Friday.",))},
        engines={"diarize": EngineInfo(name="embedded")},
        settings={"diarizer.max_speakers": 2},
    )
