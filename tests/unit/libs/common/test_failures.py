"""Exceptions in the log: where they were raised, and no words that they quote."""

from libs.common.errors import EngineUnavailable
from libs.common.failures import ShownTrace, shown_chain, shown_trace

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
