"""WER and cpWER on examples that can be worked out by hand."""

import pytest

from evaluation.transcription import normalize, speaker_word_errors, word_errors
from libs.common.scoring.words import WordErrors
from libs.common.transcript import Utterance


def said(*lines: tuple[str, str]) -> list[Utterance]:
    """Utterances in order, one per second."""
    return [
        Utterance(id=f"u{i}", start=i, end=i + 1, label=label, text=text, words=())
        for i, (label, text) in enumerate(lines)
    ]


REFERENCE = said(("Ana", "We ship on Friday."), ("Ben", "Who tests the release?"))
TEXT = "We ship on Friday. Who tests the release?"


def test_the_same_words_have_no_errors_whatever_their_case_and_punctuation() -> None:
    heard = said(("S0", "we ship on friday"), ("S1", "who tests the release"))
    assert word_errors(TEXT, heard) == WordErrors(words=8)
    assert speaker_word_errors(REFERENCE, heard) == WordErrors(words=8)


def test_substitutions_deletions_and_insertions_count_once_each() -> None:
    heard = said(("S0", "we really shipped on friday"), ("S1", "tests the release"))
    assert word_errors(TEXT, heard) == WordErrors(words=8, substitutions=1, deletions=1, insertions=1)


def test_swapped_speakers_raise_cpwer_and_not_wer() -> None:
    reference = said(("Ana", "we ship now"), ("Ben", "who tests it"), ("Ana", "red green blue"))
    heard = said(("S0", "we ship now"), ("S1", "who tests it"), ("S1", "red green blue"))
    text = "we ship now who tests it red green blue"
    assert word_errors(text, heard).errors == 0
    assert speaker_word_errors(reference, heard) == WordErrors(words=9, deletions=3, insertions=3)


def test_labels_are_assigned_in_the_best_way() -> None:
    heard = said(("S1", "we ship on friday"), ("S0", "who tests the release"))
    assert speaker_word_errors(REFERENCE, heard).errors == 0


def test_a_speaker_who_was_not_found_costs_all_their_words() -> None:
    assert speaker_word_errors(REFERENCE, said(("S0", "we ship on friday"))) == WordErrors(words=8, deletions=4)


def test_nothing_heard_costs_every_word() -> None:
    assert word_errors(TEXT, []).rate == 1.0
    assert speaker_word_errors(REFERENCE, []).rate == 1.0


@pytest.mark.parametrize(
    ("written", "normalized"),
    [("the twentieth of March", "the 20th of march"), ("Um, it's two thousand.", "it is 2000"), ("Mark’s", "mark is")],
)
def test_english_is_normalized_as_for_whisper(written: str, normalized: str) -> None:
    assert normalize(written) == normalized


def test_another_language_keeps_its_words() -> None:
    assert normalize("Wir liefern am Freitag, um zwölf.", language="de") == "wir liefern am freitag um zwölf"


def test_a_reference_without_words_has_no_rate() -> None:
    assert WordErrors().rate is None
