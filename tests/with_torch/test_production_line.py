"""The whole line with the engines for production: pyannote, faster-whisper and OpenAI's protocol.

The models are the small ones of `tests/models`, and OpenAI is the server of `tests/openai_server`. With
`HANSARD_MODELS=1` the real models take their place, as the environment names them, and the scores are printed.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cli.answers.results import Results
from cli.client import Gateway
from cli.enrolment import wait_for_enrolment
from evaluation.recordings import read_stm, text_of
from libs.common.rttm import read_rttm
from libs.common.scoring.diarization import align_turns
from libs.common.scoring.words import align_words, count_errors
from tests.acceptance.conftest import PLANNING, ROOT, Hansard, running, wait_for_end
from tests.openai_server import OpenAIServer

WITH_REAL_MODELS = os.environ.get("HANSARD_MODELS") == "1"
MODELS = ROOT / "tests" / "models"
MAX_DER = 0.12
MAX_WER = 0.25
"""The small models reach about half of each; a broken engine is far above."""

PERSONAS = ["executive", "engineer"]
PRODUCTION = {"DIARIZER_ENGINE": "pyannote", "TRANSCRIBER_ENGINE": "faster-whisper", "SUMMARIZER_ENGINE": "openai"}
SMALL_MODELS = {
    "PYANNOTE_PIPELINE": str(MODELS / "pyannote"),
    "WHISPER_MODEL": str(MODELS / "whisper"),
    "HF_HUB_OFFLINE": "1",
}


@pytest.fixture(scope="module")
def openai() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def hansard(tmp_path_factory: pytest.TempPathFactory, openai: OpenAIServer) -> Iterator[Hansard]:
    settings = PRODUCTION if WITH_REAL_MODELS else PRODUCTION | SMALL_MODELS
    if not (WITH_REAL_MODELS and (os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"))):
        settings = settings | {"OPENAI_BASE_URL": openai.url, "OPENAI_API_KEY": openai.api_key}
    with running(tmp_path_factory.mktemp("production") / "home", **settings) as hansard:
        yield hansard


@pytest.fixture(scope="module")
def gateway(hansard: Hansard) -> Gateway:
    return hansard.gateway


@pytest.fixture(scope="module")
def results(hansard: Hansard, gateway: Gateway) -> Results:
    """Those of the planning meeting, with its people enrolled."""
    manifest = json.loads((PLANNING / "manifest.json").read_text())
    for person in manifest["speakers"]:
        clips = [PLANNING / clip for clip in person["clips"]]
        wait_for_enrolment(gateway, gateway.enroll(person["name"], clips, "synthetic").speaker_id)
    accepted = gateway.process(PLANNING / manifest["meeting"], {"personas": PERSONAS})
    status = wait_for_end(hansard, gateway, accepted.meeting_id, timeout=600)
    assert status.status == "completed", hansard.log()
    return gateway.results(accepted.meeting_id)


def test_turns_and_words_come_out_right(gateway: Gateway, results: Results) -> None:
    turns = read_rttm(gateway.results_as(results.meeting_id, "rttm"))
    der = align_turns(read_rttm((PLANNING / "planning.rttm").read_text()), turns).errors.der
    said = _plain(text_of(read_stm((PLANNING / "planning.stm").read_text())))
    wer = count_errors(align_words(said, _plain(" ".join(one.text for one in results.utterances)))).rate
    assert der is not None
    assert wer is not None
    assert (der < MAX_DER, wer < MAX_WER) == (True, True), f"DER {der:.3f}, WER {wer:.3f}"


def test_enrolled_people_have_their_names_and_strangers_have_none(results: Results) -> None:
    assert sorted(str(one.name) for one in results.speakers) == ["David", "Julia", "Mark", "None"]


def test_minutes_cite_utterances_that_exist(results: Results) -> None:
    assert set(results.minutes) == set(PERSONAS)
    known = {one.id for one in results.utterances}
    for minutes in results.minutes.values():
        assert minutes.summary
        assert {one for item in minutes.decisions for one in item.evidence} <= known


def test_results_name_the_engines_and_the_models_that_made_them(results: Results) -> None:
    made_by = {stage: engine.name for stage, engine in results.engines.items()}
    assert made_by["diarize"] == "pyannote"
    assert made_by["transcribe"] == "faster-whisper"
    assert made_by["summarize"] == "openai"
    assert all(results.engines[stage].models for stage in ("diarize", "transcribe", "summarize"))


@pytest.mark.skipif(not WITH_REAL_MODELS, reason="HANSARD_MODELS=1 takes the real models and prints their scores")
def test_the_scores_of_the_real_models_are_printed(hansard: Hansard, gateway: Gateway, results: Results) -> None:
    gateway.delete_meeting(results.meeting_id)
    for speaker in list(gateway.speakers()):
        gateway.delete_speaker(speaker.speaker_id)
    command = [sys.executable, "-m", "evaluation", "--gateway", f"http://127.0.0.1:{hansard.port}"]
    subprocess.run(command, cwd=ROOT, check=True)  # pytest's -s shows what it prints


def _plain(text: str) -> list[str]:
    """Words in lower case, without punctuation."""
    return "".join(one for one in text.lower() if one.isalnum() or one.isspace() or one == "'").split()
