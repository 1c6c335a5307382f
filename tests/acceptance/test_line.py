"""A recording in, named speech and minutes out."""

import json
from pathlib import Path

import pytest

from cli.client import Gateway
from cli.enrolment import wait_for_enrolment
from cli.errors import CommandFailed, GatewayRefused
from tests.acceptance.conftest import SHORT, Hansard, wait_for_end

PERSONAS = ["executive", "engineer"]


@pytest.fixture(scope="module")
def gateway(shared_hansard: Hansard) -> Gateway:
    return shared_hansard.gateway


@pytest.fixture(scope="module")
def finished(shared_hansard: Hansard, gateway: Gateway) -> str:
    """The id of the short sample meeting, with its people enrolled, once it has been through the line."""
    manifest = json.loads((SHORT / "manifest.json").read_text())
    for person in manifest["speakers"]:
        clips = [SHORT / clip for clip in person["clips"]]
        wait_for_enrolment(gateway, gateway.enroll(person["name"], clips, "synthetic").speaker_id)
    accepted = gateway.process(SHORT / manifest["meeting"], {"title": manifest["title"], "personas": PERSONAS})
    status = wait_for_end(shared_hansard, gateway, accepted.meeting_id)
    assert status.status == "completed", shared_hansard.log()
    return accepted.meeting_id


def test_enrolled_people_have_their_names_and_strangers_have_none(gateway: Gateway, finished: str) -> None:
    results = gateway.results(finished)
    assert {one.name for one in results.speakers} == {"Mark", None}
    assert {one.name for one in results.utterances} == {"Mark", None}
    assert all(one.text for one in results.utterances)


def test_minutes_are_written_for_each_persona_and_cite_utterances(gateway: Gateway, finished: str) -> None:
    results = gateway.results(finished)
    assert set(results.minutes) == set(PERSONAS)
    known = {one.id for one in results.utterances}
    cited = {one for minutes in results.minutes.values() for item in minutes.action_items for one in item.evidence}
    assert cited <= known


def test_every_stage_says_how_it_went(gateway: Gateway, finished: str) -> None:
    stages = gateway.status(finished).stages
    assert {one.status for one in stages.values()} == {"completed"}
    assert {one.attempts for one in stages.values()} == {1}
    assert stages["diarize"].engine == "embedded"


def test_results_name_the_engines_that_made_them(gateway: Gateway, finished: str) -> None:
    engines = gateway.results(finished).engines
    assert {"diarize", "transcribe", "summarize"} <= set(engines)


@pytest.mark.parametrize(
    ("layout", "sign"), [("txt", "Mark"), ("md", "# "), ("srt", " --> "), ("vtt", "WEBVTT"), ("rttm", "SPEAKER ")]
)
def test_results_come_in_every_format(gateway: Gateway, finished: str, layout: str, sign: str) -> None:
    assert sign in gateway.results_as(finished, layout)


def test_a_file_that_is_no_recording_fails_with_a_code_and_nothing_waits_behind_it(
    shared_hansard: Hansard, gateway: Gateway, finished: str, tmp_path: Path
) -> None:
    nonsense = tmp_path / "nonsense.mp3"
    nonsense.write_bytes(bytes(range(256)) * 100)
    failing = gateway.process(nonsense, {}).meeting_id
    following = gateway.process(SHORT / "short.flac", {}).meeting_id
    assert wait_for_end(shared_hansard, gateway, following).status == "completed"
    status = wait_for_end(shared_hansard, gateway, failing)
    assert status.status == "failed"
    assert status.error is not None
    assert status.error.stage == "normalize"
    with pytest.raises(GatewayRefused):
        gateway.results(failing)


def test_a_clip_without_speech_enrols_nobody(gateway: Gateway, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    silence.write_bytes(_silent_wav(seconds=5))
    with pytest.raises(CommandFailed, match="no_speech"):
        wait_for_enrolment(gateway, gateway.enroll("Nobody", [silence], None).speaker_id)


def _silent_wav(*, seconds: int) -> bytes:
    import io
    import wave

    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * 16_000 * seconds))
    return buffer.getvalue()
