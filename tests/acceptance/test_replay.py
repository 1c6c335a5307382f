"""A meeting is worked again beside what is there: for another reader, and after somebody was enrolled."""

import json

import pytest
from rich.console import Console

from cli.answers.meetings import MeetingStatus
from cli.enrolment import wait_for_enrolment
from cli.runs_client import ReplayWish, RunsGateway
from tests.acceptance.conftest import SHORT, Hansard, wait_for_end, wait_until


@pytest.fixture(scope="module")
def gateway(shared_hansard: Hansard) -> RunsGateway:
    return RunsGateway(f"http://127.0.0.1:{shared_hansard.port}", Console(quiet=True))


@pytest.fixture(scope="module")
def meeting_id(shared_hansard: Hansard, gateway: RunsGateway) -> str:
    """The short sample meeting, whose people nobody has enrolled, once it has been through the line."""
    accepted = gateway.process(SHORT / "short.flac", {"personas": ["executive"]})
    assert wait_for_end(shared_hansard, gateway, accepted.meeting_id).status == "completed", shared_hansard.log()
    return accepted.meeting_id


def replay(hansard: Hansard, gateway: RunsGateway, meeting_id: str, stage: str, *personas: str) -> MeetingStatus:
    """The status of the new run once it has ended."""
    wish = ReplayWish(from_stage=stage, run_id=None, settings={}, personas=personas or None, current=None)
    run_id = gateway.replay(meeting_id, wish).run_id
    wait_until(lambda: gateway.status(meeting_id, run_id).is_final, timeout=120, otherwise=hansard.log)
    status = gateway.status(meeting_id, run_id)
    assert status.status == "completed", hansard.log()
    return status


def test_minutes_for_another_persona_cost_nothing_but_these_minutes(
    shared_hansard: Hansard, gateway: RunsGateway, meeting_id: str
) -> None:
    original = gateway.runs(meeting_id)[0].run_id
    status = replay(shared_hansard, gateway, meeting_id, "summarize", "executive", "engineer")
    assert {name for name, one in status.stages.items() if one.status == "reused"} == set(status.stages) - {"summarize"}
    shown = json.loads(gateway.results_as(meeting_id, "json"))
    assert {persona: one["is_cached"] for persona, one in shown["minutes"].items()} == {
        "executive": True,
        "engineer": False,
    }
    assert set(gateway.results(meeting_id, original).minutes) == {"executive"}


def test_who_is_enrolled_later_is_named_by_a_replay_and_the_old_run_stays(
    shared_hansard: Hansard, gateway: RunsGateway, meeting_id: str
) -> None:
    before = next(one.run_id for one in gateway.runs(meeting_id) if one.is_current)
    clip = SHORT / "speakers" / "Mark" / "introduction.flac"
    wait_for_enrolment(gateway, gateway.enroll("Mark", [clip], "synthetic").speaker_id)
    status = replay(shared_hansard, gateway, meeting_id, "match")
    assert {status.stages[name].status for name in ("normalize", "diarize")} == {"reused"}
    assert {one.name for one in gateway.results(meeting_id).speakers} == {"Mark", None}
    assert {one.name for one in gateway.results(meeting_id, before).speakers} == {None}
    assert gateway.make_current(meeting_id, before).is_current
    assert {one.name for one in gateway.results(meeting_id).speakers} == {None}
