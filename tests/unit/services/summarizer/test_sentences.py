import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.speech import Word
from libs.common.transcript import Transcript, Utterance
from services.summarizer.sentences import LONG_SENTENCE, sentences
from tests.unit.services.summarizer.meetings import transcript


def texts_of(text: str, *, is_bare: bool = False) -> list[str]:
    return [one.text for one in sentences(transcript([("Ben", text)], is_bare=is_bare))]


def test_punctuation_ends_sentences_where_there_is_any() -> None:
    assert texts_of("It is ready. Is it tested? Yes!") == ["It is ready.", "Is it tested?", "Yes!"]


def test_abbreviations_and_numbers_end_no_sentence() -> None:
    assert texts_of("Mr. Brown paid 3.5 percent, e.g. last year.") == ["Mr. Brown paid 3.5 percent, e.g. last year."]


def test_a_pause_ends_a_sentence_without_punctuation_where_the_words_allow_it() -> None:
    assert texts_of("It is ready | we tested it", is_bare=True) == ["it is ready", "we tested it"]
    assert texts_of("It belongs to the | next release", is_bare=True) == ["it belongs to the next release"]


@pytest.mark.parametrize(
    "text",
    ["The report is late. I will send it on Friday", "That is fine with me. We have decided to wait"],
)
def test_a_phrase_that_opens_sentences_ends_the_one_before_it(text: str) -> None:
    assert texts_of(text, is_bare=True) == [part.lower() for part in text.split(". ")]


def test_a_phrase_inside_a_clause_opens_none() -> None:
    assert texts_of("She said that I will send it when we have decided", is_bare=True) == [
        "she said that i will send it when we have decided"
    ]


def test_a_speaker_without_pauses_is_cut_at_some_length() -> None:
    text = "word " * (3 * LONG_SENTENCE)

    assert max(len(one.split()) for one in texts_of(text)) <= LONG_SENTENCE


def test_contractions_are_written_out_for_the_rules_and_excerpts_keep_them() -> None:
    (sentence,) = sentences(transcript([("Ben", "I'll fix it, but Ann won't.")]))

    assert sentence.plain == "i will fix it but ann will not"
    start = sentence.plain.index("fix")
    assert sentence.excerpt(start, len(sentence.plain)) == "fix it, but Ann won't."


WORDS = st.lists(
    st.text("abcI'.?!, ", min_size=1).filter(lambda one: one.strip() == one and " " not in one), max_size=120
)


@given(WORDS)
def test_no_word_is_lost_or_doubled(words: list[str]) -> None:
    timed = tuple(Word(start=i, end=i + 0.9, text=word, probability=1) for i, word in enumerate(words))
    utterance = Utterance(start=0, end=len(words), label="Ben", id="u1", text=" ".join(words), words=timed)

    found = sentences(Transcript(language="en", utterances=(utterance,)))

    assert [word for one in found for word in one.words] == words
