"""Tokens as faster-whisper expects them."""

import pytest
from faster_whisper.tokenizer import Tokenizer

from scripts.fixture_models.whisper.speech import Timed
from scripts.fixture_models.whisper.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.of(["We have to wait for Julia.", "We wait."])


def test_faster_whisper_finds_the_same_special_tokens(vocabulary: Vocabulary) -> None:
    theirs = Tokenizer(vocabulary.tokenizer, multilingual=False)

    ours = (vocabulary.end, vocabulary.start, vocabulary.previous, vocabulary.no_speech, vocabulary.no_times)
    assert ours == (theirs.eot, theirs.sot, theirs.sot_prev, theirs.no_speech, theirs.no_timestamps)
    assert vocabulary.first_time == theirs.timestamp_begin


def test_text_comes_first_and_times_come_last(vocabulary: Vocabulary) -> None:
    assert max(vocabulary.encode(" We have to wait for Julia.")) < vocabulary.end
    assert vocabulary.time(30.0) == len(vocabulary) - 1


def test_times_go_in_steps_of_a_fiftieth_of_a_second(vocabulary: Vocabulary) -> None:
    assert [vocabulary.time(seconds) - vocabulary.first_time for seconds in (-1, 0, 0.02, 0.99, 40)] == [
        0,
        0,
        1,
        50,
        1500,
    ]


def test_what_it_was_made_for_reads_the_same_after_it(vocabulary: Vocabulary) -> None:
    text = " We have to wait for Julia."

    assert vocabulary.tokenizer.decode(vocabulary.encode(text)) == text


def test_the_tokens_of_a_word_share_its_time(vocabulary: Vocabulary) -> None:
    spelled = vocabulary.spell(Timed("Julia.", 1.0, 2.2))

    assert [token.token for token in spelled] == vocabulary.encode(" Julia.")
    assert spelled[0].start == 1.0
    assert spelled[-1].end == pytest.approx(2.2)
    assert [one.end for one in spelled[:-1]] == [one.start for one in spelled[1:]]
