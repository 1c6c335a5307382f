"""What each service says, as a process, of settings that are wrong, missing or misspelt."""

import asyncio
from pathlib import Path

import pytest

from libs.common.service import FAILED
from tests.integration.service_process import start
from tests.integration.services.canaries import SERVICES, spoken

_MISSING = "SUMMARIZER_ENGINE is missing: set it to extractive or openai (who writes the minutes)"


async def test_a_start_that_is_refused_names_every_fault_and_its_cure(tmp_path: Path) -> None:
    wrong = {"LEASE": "0", "LOG_LEVEL": "loud", "SUMMARIZER_ENGINE": "", "OBJECT_STORE_URL": tmp_path.as_uri()}
    everything = await asyncio.gather(*(spoken(service, wrong) for service in SERVICES))
    for service, said in zip(SERVICES, everything, strict=True):
        (line,) = said.splitlines()
        assert line.startswith(f"{service} cannot start (invalid_settings): ")
        assert "LEASE is '0': set it to a number above 0" in line
        assert "LOG_LEVEL is 'loud': set it to debug, info, warning or error (what is logged" in line
        assert (_MISSING in line) == (service == "summarizer")


@pytest.mark.parametrize(
    ("service", "name", "meant"),
    [
        ("transcriber", "TRANSCRIBR_ENGINE", "TRANSCRIBER_ENGINE"),
        ("gateway", "POSTGRES_URI", "POSTGRES_URL"),
    ],
)
async def test_a_misspelt_variable_is_named_in_the_log(service: str, name: str, meant: str, tmp_path: Path) -> None:
    environment = {name: "x", "OBJECT_STORE_URL": tmp_path.as_uri(), "REDIS_URL": "redis://127.0.0.1:1"}
    said = await spoken(service, environment, until="misspelt")
    assert f'"variable": "{name}", "meant": "{meant}"' in said


async def test_a_hub_that_is_out_of_reach_is_no_wrong_setting(redis_url: str, tmp_path: Path) -> None:
    environment = {
        "TRANSCRIBER_ENGINE": "faster-whisper",
        "WHISPER_MODEL": "tiny",
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_HUB_CACHE": str(tmp_path),
        "REDIS_URL": redis_url,
        "OBJECT_STORE_URL": (tmp_path / "objects").as_uri(),
    }
    service = await start(tmp_path / "log", "services.transcriber", **environment)
    assert await service.wait() == FAILED
    (line,) = [one for one in (tmp_path / "log").read_text().splitlines() if not one.startswith("{")]
    assert line.startswith("transcriber cannot start (engine_unavailable): ")
    assert "http://127.0.0.1:9 does not answer" in line
