"""Two runs side by side, as the description at `/docs` shows them: one more voice was allowed, and was found."""

from libs.common.minutes import Usage
from libs.common.scoring.diarization import DiarizationErrors
from libs.common.scoring.words import WordErrors
from services.gateway.schemas.comparison import (
    ChangedItem,
    ComparedRun,
    Comparison,
    ItemComparison,
    MinutesComparison,
    MinutesItem,
    MissingPart,
    Piece,
    SettingDifference,
    SpeakerComparison,
    TurnComparison,
    TurnDifference,
    WordComparison,
    WordDifference,
)
from services.gateway.schemas.results import ResultSpeaker

_BEFORE = "b6a1d9e4-92a7-4c57-8a30-5d0a7b1f6c22"
_AFTER = "e07f4c1b-3d55-4c0e-9a86-1f2d7c9b5a10"
_NEW_VOICE = ResultSpeaker(
    label="SPEAKER_02", speaker_id=None, name=None, score=0.31, reason="below_threshold", speech_seconds=4.2
)

COMPARISON = Comparison(
    meeting_id="3f0c8f6e-5f43-4c5e-9d0e-2f4a3b1c9d70",
    before=ComparedRun(
        run_id=_BEFORE,
        status="completed",
        usage=Usage(calls=6, input_tokens=79_100, output_tokens=5_900, cost_usd=0.015405),
    ),
    after=ComparedRun(
        run_id=_AFTER,
        status="processing",
        usage=Usage(calls=3, input_tokens=38_000, output_tokens=3_200, cost_usd=0.00762),
    ),
    turns=TurnComparison(
        collar=0.0,
        errors=DiarizationErrors(speech=1513.4, missed=0.8, false_alarm=1.5, confusion=4.2),
        differences=(TurnDifference(start=12.3, end=16.5, before=("SPEAKER_00",), after=("SPEAKER_02",)),),
    ),
    speakers=(SpeakerComparison(before=None, after=_NEW_VOICE, shared_seconds=0.0, is_changed=True),),
    words=WordComparison(
        errors=WordErrors(words=4182, substitutions=1),
        differences=(
            WordDifference(
                start=3.5,
                end=3.9,
                pieces=(
                    Piece(change="equal", before="launch in", after="launch in"),
                    Piece(change="substitution", before="March", after="May"),
                ),
            ),
        ),
    ),
    minutes={
        "executive": MinutesComparison(
            is_summary_changed=True,
            parts={
                "decisions": ItemComparison(
                    unchanged=3,
                    changed=(
                        ChangedItem(
                            before=MinutesItem(text="Launch in March", start=2.5),
                            after=MinutesItem(text="Launch in May", start=2.5),
                        ),
                    ),
                    gone=(),
                    added=(MinutesItem(text="Hire a tester", start=907.0),),
                )
            },
        )
    },
    engines={},
    settings={"diarizer.max_speakers": SettingDifference(before=2, after=3)},
    missing=(
        MissingPart(
            run_id=_AFTER,
            part="minutes",
            persona="engineer",
            message="the run is processing and has no minutes for engineer",
        ),
    ),
)
