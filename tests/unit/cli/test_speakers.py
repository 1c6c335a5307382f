"""`hansard speakers`: who is known, and embedding voices again after a change of engine."""

import json

import pytest

from tests.unit.cli.recorded_gateway import ANNA, BAD_SAMPLE, GOOD_SAMPLE, HEALTH, SPEAKER, Recorded, interrupted, run

REEMBED = "/api/speakers/re-embed"
BEGUN = {"model": "other@2", "started": 2, "present": 1, "under_way": 0, "failed": 0, "no_audio": 0}
BO = "5b1c3a52-7c86-4f68-8f2d-2f2b0b8f0c11"


class Course(dict[str, tuple[int, object]]):
    """Answers, of which those about the speakers change from one question to the next; the last one stays."""

    def __init__(self, answers: dict[str, tuple[int, object]], states: list[tuple[str, str]]) -> None:
        super().__init__(answers)
        self._left = states

    def get(self, path: str, default: object = None) -> tuple[int, object]:
        if path == "/api/speakers":
            first, second = self._left.pop(0) if len(self._left) > 1 else self._left[0]
            return 200, {"speakers": [_anna(first, second)], "next_cursor": None}
        return super().get(path, default)  # type: ignore[arg-type]


def _anna(first: str, second: str) -> dict[str, object]:
    return {**ANNA, "samples": [GOOD_SAMPLE | {"voiceprint": first}, BAD_SAMPLE | {"voiceprint": second}]}


@pytest.fixture
def gateway(gateway: str) -> str:
    Recorded.answers[REEMBED] = (202, BEGUN)
    return gateway


def becomes(*states: tuple[str, str]) -> None:
    Recorded.answers = Course(Recorded.answers, list(states))


def test_the_list_says_whom_the_engine_in_use_does_not_know(gateway: str) -> None:
    bo = {**ANNA, "speaker_id": BO, "name": "Bo", "recognizable": True}
    speakers = [ANNA | {"recognizable": False}, bo]
    Recorded.answers["/api/speakers"] = (200, {"speakers": speakers, "next_cursor": None})
    anna, known = run(gateway, "speakers").stdout.splitlines()
    assert anna == f"{SPEAKER}  enrolled    Anna  (not known to the engine in use: hansard speakers re-embed)"
    assert known == f"{BO}  enrolled    Bo"


def test_voices_are_embedded_again_until_each_is_judged(gateway: str) -> None:
    becomes(("under_way", "under_way"), ("present", "unknown"), ("present", "under_way"), ("present", "present"))
    ran = run(gateway, "speakers", "re-embed")
    assert ran.exit_code == 0
    assert json.loads(Recorded.bodies[REEMBED]) == {}
    said = "other@2: 2 started, 2 with a voiceprint, 0 under way, 0 failed, 0 without kept audio\n"
    assert ran.stdout == said
    assert ran.stderr.splitlines() == ["embedding: 0 of 2", "embedding: 1 of 2", "embedding: 2 of 2"]


def test_without_waiting_it_says_what_was_started(gateway: str) -> None:
    ran = run(gateway, "speakers", "re-embed", "--no-wait")
    assert ran.stdout.startswith("other@2: 2 started, 1 with a voiceprint, ")
    assert json.loads(run(gateway, "speakers", "re-embed", "--no-wait", "--json").stdout) == {**BEGUN, "missing": 0}


@pytest.mark.parametrize("name", ["anna", SPEAKER])
def test_speakers_are_chosen_by_name_or_id(gateway: str, name: str) -> None:
    run(gateway, "speakers", "re-embed", "--no-wait", "--speaker", name)
    assert json.loads(Recorded.bodies[REEMBED]) == {"speakers": [SPEAKER]}


def test_a_name_that_nobody_has_is_refused(gateway: str) -> None:
    ran = run(gateway, "speakers", "re-embed", "--speaker", "Bob")
    assert (ran.exit_code, ran.stderr) == (2, "hansard: there is no speaker Bob: hansard speakers lists them\n")
    assert REEMBED not in Recorded.bodies


def test_a_sample_that_fails_is_named_and_is_no_success(gateway: str) -> None:
    becomes(("present", "under_way"), ("present", "failed"))
    ran = run(gateway, "speakers", "re-embed")
    assert ran.exit_code == 5
    assert "  Anna, silence.wav: nobody speaks (no_speech)" in ran.stdout.splitlines()
    assert "hansard: 1 sample could not be embedded by other@2: their other voiceprints stay" in ran.stderr
    becomes(("present", "failed"))
    assert json.loads(run(gateway, "speakers", "re-embed", "--json").stdout)["failed"] == 1


def test_what_had_failed_before_is_no_failure_of_this_command(gateway: str) -> None:
    Recorded.answers[REEMBED] = (202, BEGUN | {"started": 0, "failed": 1})
    becomes(("present", "failed"))
    assert run(gateway, "speakers", "re-embed").exit_code == 0


def test_what_another_engine_took_is_still_missing(gateway: str) -> None:
    becomes(("present", "missing"))
    assert "1 still missing, because another engine took them: ask again" in run(gateway, "speakers", "re-embed").stdout


def test_whoever_stops_waiting_is_told_that_it_goes_on(gateway: str) -> None:
    becomes(("present", "under_way"))
    said, code = interrupted(gateway, "speakers", "re-embed", waits_after="embedding: ")
    assert code == 130
    assert "hansard: it goes on; hansard speakers re-embed waits again, and starts nothing twice" in said


def test_a_refusal_of_the_gateway_says_the_cure(gateway: str) -> None:
    problem = {"code": "embedding_model_unknown", "title": "Unknown", "detail": "no living diarizer; start one"}
    Recorded.answers[REEMBED] = (503, problem)
    ran = run(gateway, "speakers", "re-embed")
    assert (ran.exit_code, ran.stderr) == (4, "hansard: no living diarizer; start one (embedding_model_unknown)\n")


def test_an_option_of_the_list_before_the_command_is_refused(gateway: str) -> None:
    ran = run(gateway, "speakers", "--json", "re-embed")
    assert ran.exit_code == 2
    assert "options go behind re-embed" in ran.stderr
    assert REEMBED not in Recorded.bodies


def test_health_shows_its_notes(gateway: str) -> None:
    Recorded.answers["/health"] = (200, {**HEALTH, "notes": ["12 samples have no voiceprint"]})
    assert "note: 12 samples have no voiceprint" in run(gateway, "health").stdout
