"""Exceptions in the log: where they were raised, and no words that they quote."""

import errno
from collections.abc import Callable

import pytest
from asyncpg import InvalidTextRepresentationError, PostgresError, UndefinedTableError, UniqueViolationError
from redis.exceptions import ResponseError

from libs.common.errors import EngineUnavailable
from libs.common.failures import WITHHELD, ShownTrace, shown_chain, shown_text, shown_trace
from libs.common.speech import Segment

WORDS = "the Zebulon merger is off"


def _raised() -> EngineUnavailable:
    try:
        try:
            int(WORDS)
        except ValueError as fault:
            raise EngineUnavailable("the model is out of order") from fault
    except EngineUnavailable as error:
        return error
    raise AssertionError("words are no number")


def test_a_trace_shows_where_an_error_was_raised_and_what_caused_it() -> None:
    outer, inner = shown_chain(_raised())
    assert (outer["exc_type"], outer["exc_value"]) == ("EngineUnavailable", "the model is out of order")
    assert inner["exc_type"] == "ValueError"
    assert "in _raised" in shown_trace(_raised())


def test_the_text_of_an_error_that_is_not_ours_is_withheld() -> None:
    assert "Zebulon" not in str(shown_chain(_raised()))
    assert "Zebulon" not in shown_trace(_raised())


def test_at_the_level_debug_it_is_shown() -> None:
    assert WORDS in shown_trace(_raised(), is_whole=True)


def test_notes_are_shown_only_of_an_engines_process() -> None:
    error = _raised()
    error.add_note(f"while reading {WORDS}")
    error.add_note(ShownTrace("  engine.py:1 in transcribe"))
    assert "in transcribe" in shown_trace(error)
    assert "Zebulon" not in shown_trace(error)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        ResponseError("MISCONF Redis is configured to save RDB snapshots"),
        AttributeError("'NoneType' object has no attribute 'turns'"),
        TypeError("unsupported operand type(s) for +: 'int' and 'str'"),
        IndexError("list index out of range"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("CUDA failed with error out of memory"),
        RuntimeError("Library libcublas.so.12 is not found or cannot be loaded"),
    ],
)
def test_a_text_that_names_servers_and_types_is_shown(error: Exception) -> None:
    assert shown_text(error) == str(error)


@pytest.mark.parametrize("make", [KeyError, ValueError, RuntimeError, AssertionError, type("Own", (TypeError,), {})])
def test_a_text_that_may_quote_a_value_is_withheld(make: Callable[[str], Exception]) -> None:
    assert shown_text(make(WORDS)) == WITHHELD


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (UndefinedTableError, 'relation "api_keys" does not exist'),
        (UniqueViolationError, 'duplicate key value violates unique constraint "speakers_name"'),
    ],
)
def test_what_postgres_says_is_shown_without_the_row(kind: type[PostgresError], message: str) -> None:
    error = PostgresError.new({"C": kind.sqlstate, "M": message, "D": f"Key (name)=({WORDS}) already exists."})
    assert WORDS in str(error)
    assert shown_text(error) == f"{message} (SQLSTATE {kind.sqlstate})"


def test_what_postgres_says_of_a_value_is_withheld_but_for_its_code() -> None:
    fields = {"C": InvalidTextRepresentationError.sqlstate, "M": f'invalid input syntax for type uuid: "{WORDS}"'}
    assert shown_text(PostgresError.new(fields)) == f"SQLSTATE 22P02 {WITHHELD}"


def test_of_a_wrong_document_the_kinds_of_its_faults_are_shown() -> None:
    with pytest.raises(ValueError, match="Zebulon") as raised:
        Segment.model_validate({"start": WORDS})
    assert shown_text(raised.value) == f"Segment: float_parsing, missing {WITHHELD}"
