import pytest

from libs.common.speech import Segment, Word
from services.transcriber.engines.repetitions import without_loops


def _words(text: str) -> list[Word]:
    return [Word(start=float(n), end=n + 0.5, text=word, probability=0.9) for n, word in enumerate(text.split())]


def _text(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


def test_a_phrase_that_comes_back_over_and_over_is_said_once() -> None:
    kept, loops = without_loops(_words("so we agree " + "thank you very much. " * 6 + "and then"))

    assert _text(kept) == "so we agree thank you very much. and then"
    assert loops == [Segment(start=7.0, end=26.5)]


def test_a_word_that_comes_back_without_end_is_said_once() -> None:
    kept, loops = without_loops(_words("no " * 40))

    assert _text(kept) == "no"
    assert len(loops) == 1


def test_capitals_and_marks_do_not_hide_a_loop() -> None:
    kept, _ = without_loops(_words("Thank you. thank you, " * 3))

    assert _text(kept) == "Thank you."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no no no no I said no",
        "very very good very very good and very very cheap",
        "it is what it is and it is what it is",
        "one two three one two three one two three",
    ],
)
def test_what_people_say_stays(text: str) -> None:
    kept, loops = without_loops(_words(text))

    assert _text(kept) == text
    assert loops == []


def test_two_loops_are_told_apart() -> None:
    kept, loops = without_loops(_words("ha " * 9 + "well " + "you know what " * 5))

    assert _text(kept) == "ha well you know what"
    assert len(loops) == 2
