"""What the doctors see of engines, hubs and model servers."""

import json
from pathlib import Path

import pytest

from libs.common.doctor.checking import examined
from libs.common.doctor.finding import Finding, Report
from services.summarizer.doctor import checks
from services.summarizer.settings import SummarizerSettings
from tests.integration.services.canaries import spoken
from tests.openai_server import OpenAIServer
from tests.unit.services.diarizer.pyannote.hub import Repository
from tests.unit.services.diarizer.pyannote.hub import running_hub as running_gated_hub
from tests.unit.services.transcriber.engines.hub import running_hub

PIPELINE = "pyannote/speaker-diarization-3.1"


async def _server_findings(**settings: object) -> dict[str, Finding]:
    read = SummarizerSettings.model_validate({"summarizer_engine": "openai", **settings})
    return {one.subject: one for one in await examined(checks(read))}


async def test_a_key_is_tried_without_a_cost() -> None:
    with OpenAIServer(kind="openai") as server:
        good = await _server_findings(openai_base_url=server.url, openai_api_key=server.api_key)
        wrong = await _server_findings(openai_base_url=server.url, openai_api_key="sk-wrong")
        other = await _server_findings(
            openai_base_url=server.url, openai_api_key=server.api_key, openai_model="gpt-none"
        )
        assert server.requests == []
    assert (good["model server"].level, good["model"].level) == ("ok", "ok")
    assert wrong["model server"].level == "problem"
    assert "OPENAI_API_KEY" in wrong["model server"].cure
    assert other["model"].level == "warning"


async def test_a_model_server_that_is_away_is_a_problem() -> None:
    findings = await _server_findings(openai_base_url="http://127.0.0.1:1/v1")
    assert findings["model server"].level == "problem"


async def _report(service: str, **environment: str) -> dict[str, Finding]:
    said = await spoken(service, environment, "doctor", "--json")
    return {one.subject: one for one in Report.model_validate(json.loads(said)).findings}


@pytest.mark.parametrize(("token", "level"), [("hf_friend_0123456789", "warning"), ("hf_stranger_0123456", "problem")])
async def test_a_token_is_tried_and_no_model_is_fetched(token: str, level: str, tmp_path: Path) -> None:
    with running_hub() as hub:
        hub.token = "hf_friend_0123456789"
        places = {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path), "OBJECT_STORE_URL": tmp_path.as_uri()}
        findings = await _report(
            "transcriber", TRANSCRIBER_ENGINE="faster-whisper", WHISPER_MODEL="small", HUGGINGFACE_TOKEN=token, **places
        )
        assert hub.downloads == []
    assert findings["models"].level == level
    assert token not in str(findings)


@pytest.mark.parametrize(
    ("token", "level", "words"),
    [
        ("hf_friend", "warning", "can be fetched"),
        ("hf_stranger", "problem", "terms"),
        ("hf_nobody", "problem", "token"),
    ],
)
async def test_terms_that_are_not_accepted_are_found_out(token: str, level: str, words: str, tmp_path: Path) -> None:
    with running_gated_hub() as hub:
        hub.repositories = {PIPELINE: Repository({"config.yaml": b"pipeline:"}, is_gated=True)}
        hub.accepted = {"hf_friend": {PIPELINE}, "hf_stranger": set()}
        places = {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path), "OBJECT_STORE_URL": tmp_path.as_uri()}
        findings = await _report("diarizer", DIARIZER_ENGINE="pyannote", HUGGINGFACE_TOKEN=token, **places)
    assert findings["models"].level == level
    assert words in findings["models"].what


async def test_a_doctor_says_all_faults_of_the_settings_and_looks_at_the_rest(tmp_path: Path) -> None:
    said = await spoken(
        "normalizer", {"LEASE": "0", "GRACE": "-1", "NORMALIZER_SLOT": "2", "OBJECT_STORE_URL": tmp_path.as_uri()},
        "doctor", "--json",
    )  # fmt: skip
    findings = Report.model_validate(json.loads(said)).findings
    settings = [(one.level, one.what.split()[0]) for one in findings if one.subject == "settings"]
    assert settings == [("problem", "LEASE"), ("problem", "GRACE"), ("warning", "NORMALIZER_SLOT")]
    assert "put-if-absent" in {one.subject for one in findings}
