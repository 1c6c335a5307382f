import datetime
import json

import pytest

from chaos.evidence import Evidence, FactRow
from chaos.invariants.recovery import check_recovery, waits
from chaos.strikes import Struck
from libs.common.events import AudioNormalized, SpeechDiarized

NOON = datetime.datetime(2026, 11, 2, 12, tzinfo=datetime.UTC)
SUBJECT = {"workspace": "default", "run_id": "run", "meeting_id": "meeting", "request_key": "request"}
STORM = Struck("kill", 0, at := NOON, at + datetime.timedelta(seconds=10), "")


def fact(stage: str, event: AudioNormalized | SpeechDiarized, *, at: float, worked: float) -> FactRow:
    report = {"started_at": NOON.isoformat(), "seconds": worked, "attempts": 1}
    return FactRow(
        run_id="run",
        stage=stage,
        part="",
        position=0,
        siblings=1,
        stream=event.stream,
        event=event.model_dump_json(),
        report=json.dumps(report),
        recorded_at=NOON + datetime.timedelta(seconds=at),
        is_own=True,
    )


def diarized(*, input_at: float, output_at: float, worked: float = 0.0) -> Evidence:
    normalized = AudioNormalized(**SUBJECT, audio_key="audio", duration=1)
    speech = SpeechDiarized(**SUBJECT, audio_key="audio", duration=1, turns_key="turns")
    facts = [
        fact("normalize", normalized, at=input_at, worked=0),
        fact("diarize", speech, at=output_at, worked=worked),
    ]
    return Evidence(runs={}, facts=facts, meetings=[])


@pytest.mark.parametrize(
    ("input_at", "output_at", "worked", "waited"),
    [
        (1.0, 15.0, 0.0, 5.0),  # since the end of the storm
        (12.0, 15.0, 0.0, 3.0),  # since its input
        (1.0, 15.0, 2.0, 3.0),  # without its own work
    ],
)
def test_a_unit_waits_from_the_end_of_a_storm_or_from_its_input(
    input_at: float, output_at: float, worked: float, waited: float
) -> None:
    [found] = waits(diarized(input_at=input_at, output_at=output_at, worked=worked), [STORM], excluded=set())
    assert found.seconds == pytest.approx(waited)


def test_what_ends_in_the_storm_is_no_recovery() -> None:
    assert waits(diarized(input_at=1, output_at=9), [STORM], excluded=set()) == []


def test_a_wait_that_is_too_long_is_a_violation() -> None:
    found = waits(diarized(input_at=1, output_at=30), [STORM], excluded=set())
    assert check_recovery(found, slack=0.0) != []
    assert check_recovery(found, slack=30.0) == []
