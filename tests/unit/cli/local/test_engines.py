"""Which engines a person's own machine takes, and what is said about them."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from cli.local.engines import ROOT, choose_engines
from cli.local.profile import programs
from cli.settings import LocalSettings

TORCH_IS_HERE = importlib.util.find_spec("torch") is not None
TORCH_IS_BESIDE = (ROOT / ".venv" / "engines" / "bin" / "python").is_file()


@pytest.fixture(autouse=True)
def no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HUGGINGFACE_TOKEN", "OPENAI_API_KEY", "OPENAI_BASE_URL", "DIARIZER_ENGINE", "SUMMARIZER_ENGINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRANSCRIBER_ENGINE", "pocketsphinx")


def test_without_tokens_nothing_needs_an_account() -> None:
    engines = choose_engines(LocalSettings())
    assert (engines.diarizer, engines.transcriber, engines.summarizer) == ("embedded", "pocketsphinx", "extractive")
    assert engines.notes == ()


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_a_language_model_within_reach_writes_the_minutes(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:11434/v1")
    engines = choose_engines(LocalSettings())
    assert engines.summarizer == "openai"
    assert [name in note for note in engines.notes] == [True]


def test_a_token_for_pyannote_is_used_or_its_cure_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUGGINGFACE_TOKEN", "hf_secret")
    engines = choose_engines(LocalSettings())
    (note,) = engines.notes
    assert "hf_secret" not in note
    if TORCH_IS_HERE or TORCH_IS_BESIDE:
        assert engines.diarizer == "pyannote"
    else:
        assert engines.diarizer == "embedded"
        assert "make engines" in note


def test_an_engine_that_is_named_is_taken_whatever_the_tokens_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUGGINGFACE_TOKEN", "hf_secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("DIARIZER_ENGINE", "embedded")
    monkeypatch.setenv("SUMMARIZER_ENGINE", "extractive")
    engines = choose_engines(LocalSettings())
    assert (engines.diarizer, engines.summarizer, engines.notes) == ("embedded", "extractive", ())


@pytest.mark.skipif(not TORCH_IS_HERE and not TORCH_IS_BESIDE, reason="there is no environment with torch")
def test_only_the_diarizer_is_started_where_torch_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIARIZER_ENGINE", "pyannote")
    settings = LocalSettings(hansard_home=Path(os.devnull))
    started = {
        one.name: one.command[0]
        for one in programs(settings, choose_engines(settings), redis_url="redis://", postgres_url="postgresql://")
    }
    with_torch = sys.executable if TORCH_IS_HERE else str(ROOT / ".venv" / "engines" / "bin" / "python")
    assert started.pop("diarizer") == with_torch
    assert set(started.values()) == {sys.executable}
