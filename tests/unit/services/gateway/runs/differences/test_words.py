"""What is said, word by word."""

from time import perf_counter

import pytest

from libs.common.scoring.words import WordErrors
from libs.common.speech import Word
from libs.common.transcript import Transcript, Utterance
from services.gateway.runs.differences.words import compare_words, plain
from tests.unit.services.gateway.runs.differences.contents import transcript

SENTENCE = "one two three four five six seven eight nine ten"


@pytest.mark.parametrize(
    ("written", "compared"), [("Friday.", "friday"), ("“Don’t”", "don't"), ("–", ""), ("Straße", "strasse")]
)
def test_case_and_punctuation_do_not_count(written: str, compared: str) -> None:
    assert plain(written) == compared


def test_words_that_differ_are_shown_with_a_few_that_do_not() -> None:
    compared = compare_words(transcript((0.0, SENTENCE)), transcript((0.0, SENTENCE.replace("five", "5 point"))))
    assert compared.errors == WordErrors(words=10, substitutions=1, insertions=1)
    (difference,) = compared.differences
    shown = [(piece.before, piece.after) for piece in difference.pieces]
    assert shown[0] == ("two three four", "two three four")
    assert shown[-1] == ("six seven eight", "six seven eight")
    assert {change.change for change in difference.pieces} == {"equal", "substitution", "insertion"}
    assert " ".join(after for _, after in shown) == "two three four 5 point six seven eight"
    assert difference.start == pytest.approx(1.6)


def test_words_that_differ_far_apart_are_shown_apart() -> None:
    before = f"{SENTENCE} {SENTENCE}"
    after = f"first {SENTENCE[4:]} {SENTENCE[:-3]}last"
    compared = compare_words(transcript((0.0, before)), transcript((0.0, after)))
    assert [one.pieces[0].before for one in compared.differences] == ["one", "seven eight nine"]


def test_words_come_in_the_order_of_time_whoever_says_them() -> None:
    """Another diarization cuts utterances elsewhere; that changes no word."""
    words = [Word(start=i, end=i + 0.9, text=f"w{i}", probability=1) for i in range(6)]

    def said(*rows: list[Word]) -> Transcript:
        utterances = (
            Utterance(id=f"u{i}", start=row[0].start, end=row[-1].end, label="S", text="", words=tuple(row))
            for i, row in enumerate(rows)
        )
        return Transcript(language=None, utterances=tuple(utterances))

    one, other = said(words[:3], words[3:]), said([words[0], words[2], words[4]], [words[1], words[3], words[5]])
    assert compare_words(one, other).errors == WordErrors(words=6)


def test_a_meeting_is_compared_piece_by_piece_and_nothing_is_lost_between_them() -> None:
    lines = [(30.0 * number, " ".join(f"{word}{number}" for word in SENTENCE.split())) for number in range(400)]
    missing = [line for number, line in enumerate(lines) if number not in {0, 150, 399}]
    compared = compare_words(transcript(*lines), transcript(*missing))
    assert compared.errors == WordErrors(words=4000, deletions=30)
    assert [one.start for one in compared.differences] == [0.0, 4500.0, 11970.0]


def test_words_are_not_taken_for_those_that_come_after_a_pause() -> None:
    hour = [(30.0 * number, SENTENCE) for number in range(99)]
    before = [*hour, (3600.0, f"{SENTENCE} red green blue"), (3700.0, SENTENCE)]
    after = [*hour, (3600.0, SENTENCE), (3700.0, f"red green blue {SENTENCE}")]
    assert compare_words(transcript(*before), transcript(*after)).errors == WordErrors(
        words=1013, deletions=3, insertions=3
    )


def test_three_hours_that_have_nothing_in_common_take_seconds() -> None:
    lines = [(3.6 * number, SENTENCE) for number in range(3000)]
    others = [(start, text.upper().replace("E", "A").replace("O", "I")) for start, text in lines]
    began = perf_counter()
    compared = compare_words(transcript(*lines), transcript(*others))
    assert perf_counter() - began < 30
    assert compared.errors.words == 30_000
    assert compared.errors.errors > 20_000
    assert max(len(one.pieces) for one in compared.differences) < 20
