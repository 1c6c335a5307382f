"""What engines log in their own processes."""

import json
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def said() -> str:
    command = [sys.executable, "-m", "tests.unit.libs.common.talking_engine"]
    return subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout


def test_what_an_engine_says_carries_the_meeting_for_which_it_was_called(said: str) -> None:
    lines = [json.loads(one) for one in said.splitlines()]
    spoken = [one for one in lines if one["message"] == "the engine says something"]
    assert [(one["meeting_id"], one["service"]) for one in spoken] == [("m-1", "test"), ("m-2", "test")]


def test_an_error_of_an_engine_shows_where_it_was_raised_and_not_what_it_quotes(said: str) -> None:
    assert "in fail" in said
    assert "Zebulon" not in said
