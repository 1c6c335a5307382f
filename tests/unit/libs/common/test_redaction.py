"""Nothing that is hidden is written, in whatever form it comes."""

import io
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import cast

import pytest

from libs.common import redaction
from libs.common.errors import PipelineError
from libs.common.redaction import hide, redacted

SECRET = 'sk-canary/7a+"9\\9é'


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    before = set(redaction.hidden())
    yield
    redaction.forget(set(redaction.hidden()) - before)


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps({"error": SECRET}),
        json.dumps({"error": SECRET}, ensure_ascii=False),
        repr({"error": SECRET}),
        f"{ValueError(SECRET)!r}",
        "redis://:sk-canary%2F7a%2B%229%5C9%C3%A9@host",
    ],
)
def test_a_secret_is_hidden_in_every_form(written: str) -> None:
    hide([SECRET])
    assert "canary" in written
    assert "canary" not in redacted(written)


def test_a_key_that_a_server_repeats_with_stars_is_hidden() -> None:
    hide(["sk-proj-0123456789abcdef"])
    assert redacted("Incorrect API key: sk-proj-*********cdef. See") == "Incorrect API key: ***. See"
    assert redacted("**bold** and sk-other-****xyz") == "**bold** and sk-other-****xyz"


def test_every_line_of_a_secret_is_hidden() -> None:
    hide(["first-canary\nsecond-canary"])
    assert "canary" not in redacted("it begins with first-canary and ends with second-canary")


@pytest.mark.parametrize("word", ["hansard", "a1", "postgres", "12345"])
def test_words_that_are_innocent_elsewhere_stay(word: str) -> None:
    hide([word])
    assert redacted(f"the {word} of {word}") == f"the {word} of {word}"


def test_they_are_hidden_where_they_are_passwords() -> None:
    assert redacted("postgresql://hansard:hansard@db:5432/hansard") == "postgresql://hansard:***@db:5432/hansard"
    assert redacted("redis://:a1@cache") == "redis://:***@cache"
    assert redacted("see https://example.org:8000/a@b") == "see https://example.org:8000/a@b"


def test_an_error_holds_no_secret_from_the_beginning() -> None:
    hide([SECRET])
    error = PipelineError(f"the server said {SECRET}")
    assert (error.message, str(error)) == ("the server said ***", "the server said ***")


def test_a_guarded_stream_writes_no_secret() -> None:
    hide([SECRET])
    written = io.StringIO()
    stream = redaction.Redacted(written)
    logging.StreamHandler(cast(io.StringIO, stream)).emit(logging.makeLogRecord({"msg": f"key {SECRET}"}))
    stream.writelines([f"{SECRET}\n", "end\n"])
    assert written.getvalue() == "key ***\n***\nend\n"


def test_the_trace_of_an_interpreter_that_ends_holds_no_secret() -> None:
    program = (
        "from libs.common.redaction import hide; from libs.common.telemetry import guard_output\n"
        "hide(['canary-secret']); guard_output(); print('canary-secret')\n"
        "raise ValueError('canary-secret') from OSError('canary-secret')"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "OSError: ***" in ended.stderr
    assert "ValueError: ***" in ended.stderr
    assert "canary" not in ended.stdout + ended.stderr.replace("raise ValueError('canary-secret')", "")


def test_a_child_of_an_engine_logs_as_its_parent_does_and_holds_no_secret() -> None:
    command = [sys.executable, "-m", "tests.unit.libs.common.speaking_engine"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(one["message"], one["service"]) for one in said] == [
        ("from structlog", "test"),
        ("from a library ***", "test"),
        ("it failed", "test"),
    ]
    assert "written by hand ***" in ended.stderr
    assert "canary" not in ended.stdout + ended.stderr


def test_a_long_text_without_a_gap_is_looked_through_once() -> None:
    text = "'***' " + "a" * 30_000
    began = time.monotonic()
    assert redacted(text) == text
    assert time.monotonic() - began < 1
