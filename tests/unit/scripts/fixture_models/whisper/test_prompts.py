"""Prompts for the small Whisper."""

import numpy as np
import pytest

from scripts.fixture_models.whisper.prompts import make_prompt

TEXTS = ("We wait for Julia.", "Good.", "Is it ready?")


@pytest.fixture(scope="module")
def prompts() -> list[str]:
    rng = np.random.default_rng(0)
    return [make_prompt(TEXTS, rng, has_choice=True) for _ in range(300)]


def test_some_windows_have_none(prompts: list[str]) -> None:
    assert 50 < prompts.count("") < 150


def test_a_prompt_holds_one_spelling_of_a_name(prompts: list[str]) -> None:
    assert any("Julia" in prompt for prompt in prompts)
    assert any("Giulia" in prompt for prompt in prompts)
    assert not any("Julia" in prompt and "Giulia" in prompt for prompt in prompts)


def test_prompts_are_earlier_text_or_hotwords(prompts: list[str]) -> None:
    assert any(prompt.startswith("We wait for Julia. Good.") for prompt in prompts)
    assert any(prompt == "Mark, David" or prompt.count(", ") >= 3 for prompt in prompts)
