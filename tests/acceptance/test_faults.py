"""What is killed in the middle of the work, and the meeting that is completed once all the same."""

from pathlib import Path

import pytest

from cli.client import Gateway
from tests.acceptance.conftest import PLANNING, SHORT, Hansard, running, wait_for_end, wait_until


def _is_in_work(gateway: Gateway, meeting_id: str, stage: str) -> bool:
    return gateway.status(meeting_id).stages[stage].status == "processing"


def _halt_engines(hansard: Hansard, gateway: Gateway, service: str) -> None:
    """What they are given they will not have finished, however soon or late it is seen that they are at it."""
    wait_until(lambda: gateway.health().is_complete, timeout=90, otherwise=hansard.log)
    for engine in hansard.service(service).children():
        engine.suspend()


def _kill_during(hansard: Hansard, gateway: Gateway, meeting_id: str, stage: str, service: str) -> None:
    wait_until(lambda: _is_in_work(gateway, meeting_id, stage), timeout=120, otherwise=hansard.log)
    hansard.service(service).kill()


@pytest.mark.parametrize(("service", "stage"), [("diarizer", "diarize"), ("transcriber", "transcribe")])
def test_a_worker_killed_in_the_middle_of_a_stage_costs_no_meeting(
    shared_hansard: Hansard, service: str, stage: str
) -> None:
    with shared_hansard.gateway as gateway:
        _halt_engines(shared_hansard, gateway, service)
        meeting = gateway.process(PLANNING / "planning.flac", {}).meeting_id
        _kill_during(shared_hansard, gateway, meeting, stage, service)
        assert wait_for_end(shared_hansard, gateway, meeting).status == "completed"
        results = gateway.results(meeting)
        ids = [one.id for one in results.utterances]
        assert len(ids) == len(set(ids)) > 10
        assert gateway.status(meeting).stages[stage].attempts == 2


def test_a_gateway_killed_during_the_work_shows_it_afterwards(shared_hansard: Hansard) -> None:
    with shared_hansard.gateway as gateway:
        meeting = gateway.process(SHORT / "short.flac", {}).meeting_id
        shared_hansard.service("gateway").kill()
        wait_until(gateway.is_ready, timeout=60, otherwise=shared_hansard.log)
        assert wait_for_end(shared_hansard, gateway, meeting).status == "completed"


def test_an_emptied_redis_costs_no_meeting(tmp_path: Path) -> None:
    with running(tmp_path / "home", RECONCILE_AGE="3") as hansard, hansard.gateway as gateway:
        meeting = gateway.process(PLANNING / "planning.flac", {}).meeting_id
        wait_until(lambda: _is_in_work(gateway, meeting, "transcribe"), timeout=120, otherwise=hansard.log)
        with hansard.redis() as redis:
            redis.flushall()
        assert wait_for_end(hansard, gateway, meeting).status == "completed", hansard.log()
        results = gateway.results(meeting)
        ids = [one.id for one in results.utterances]
        assert len(ids) == len(set(ids)) > 10
    assert "put back an input that Redis had lost" in hansard.log()
    assert hansard.log().count("run ended") == 1


def test_stopping_leaves_nothing_running_and_the_next_start_finishes_the_work(tmp_path: Path) -> None:
    with running(tmp_path / "home") as hansard:
        with hansard.gateway as gateway:
            meeting = gateway.process(PLANNING / "planning.flac", {}).meeting_id
            wait_until(lambda: _is_in_work(gateway, meeting, "transcribe"), timeout=120, otherwise=hansard.log)
        assert hansard.stop() == []

        hansard.start()
        with hansard.gateway as gateway:
            assert wait_for_end(hansard, gateway, meeting).status == "completed"
