import datetime
import json

import pytest

from chaos.evidence import Evidence, FactRow
from chaos.invariants.recovery import check_recovery, waits
from chaos.strikes import Struck
from libs.common.events import AudioNormalized, SpeechDiarized

NOON = datetime.datetime(2026, 11, 2, 12, tzinfo=datetime.UTC)
STORM = Struck("kill", 0, at := NOON, at + datetime.timedelta(seconds=10), "")


def fact(stage: str, event: AudioNormalized | SpeechDiarized, *, at: float, worked: float) -> FactRow:
    started_at = NOON + datetime.timedelta(seconds=at - worked)
    report = {"started_at": started_at.isoformat(), "seconds": worked, "attempts": 1}
    return FactRow(
        run_id=event.run_id,
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


def diarized(*, input_at: float, output_at: float, worked: float = 0.0, run_id: str = "run") -> Evidence:
    subject = {"workspace": "default", "run_id": run_id, "meeting_id": "meeting", "request_key": "request"}
    normalized = AudioNormalized(**subject, audio_key="audio", duration=1)
    speech = SpeechDiarized(**subject, audio_key="audio", duration=1, turns_key="turns")
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


@pytest.mark.parametrize(
    ("others", "waited"),
    [
        ([(0.0, 15.0, 5.0), (0.0, 20.0, 5.0)], 0.0),  # one after the other, as many as ever at once
        ([(0.0, 15.0, 5.0), (0.0, 18.0, 3.0)], 2.0),  # for two seconds the stage had nothing in hand
        ([(0.0, 15.0, 5.0), (0.0, 15.0, 5.0), (0.0, 20.0, 5.0)], 2.5),  # it can work two at once, and worked one
        ([(0.0, 26.0, 5.0)], 10.0),  # worked only afterwards
        ([(2.0, 15.0, 5.0), (2.0, 20.0, 5.0)], 10.0),  # what overtook it
    ],
)
def test_a_unit_does_not_wait_while_its_stage_works_those_before_it(
    others: list[tuple[float, float, float]], waited: float
) -> None:
    facts = [*diarized(input_at=1.0, output_at=21.0, worked=1.0).facts]
    for number, (input_at, output_at, worked) in enumerate(others):
        facts += diarized(input_at=input_at, output_at=output_at, worked=worked, run_id=f"other{number}").facts
    found = waits(Evidence(runs={}, facts=facts, meetings=[]), [STORM], excluded=set())
    assert {one.unit.run_id: one.seconds for one in found}["run"] == pytest.approx(waited)


def test_what_ends_in_the_storm_is_no_recovery() -> None:
    assert waits(diarized(input_at=1, output_at=9), [STORM], excluded=set()) == []


def test_a_wait_that_is_too_long_is_a_violation() -> None:
    found = waits(diarized(input_at=1, output_at=30), [STORM], excluded=set())
    assert check_recovery(found, slack=0.0) != []
    assert check_recovery(found, slack=30.0) == []
