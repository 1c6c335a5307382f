"""The texts that the small Whisper learns from."""

import numpy as np

from scripts.fixture_models.whisper.sentences import (
    meeting_sentences,
    respelled,
    shuffled_sentences,
    spliced_sentences,
    split_sentences,
)
from scripts.sample_meeting.scenario import Person, Scenario

SENTENCES = ("We have to wait.", "Julia, is it ready?", "Good.")


def test_a_text_is_split_behind_its_marks() -> None:
    assert split_sentences("I agree. Who will pay? Good!") == ("I agree.", "Who will pay?", "Good!")


def test_every_sentence_of_meetings_and_clips_is_there_once() -> None:
    scenario = Scenario(
        title="t",
        people={"Mark": Person(voice="rms", level_dbfs=-20)},
        clips={"Mark": "I am Mark. Good."},
        utterances=(("Mark", 0.1, "Good. We wait."), ("Mark", 0.1, "We wait.")),
        closing_pause=0,
    )

    assert meeting_sentences([scenario, scenario]) == ("Good.", "We wait.", "I am Mark.")


def test_a_splice_begins_like_one_sentence_and_ends_like_another() -> None:
    spliced = spliced_sentences(SENTENCES, 50, np.random.default_rng(0))

    assert len(spliced) == 50
    assert all(text.endswith(tuple(one.split()[-1] for one in SENTENCES)) for text in spliced)
    assert all(text.startswith(tuple(one.split()[0].strip(".,") for one in SENTENCES)) for text in spliced)
    assert set(spliced) - set(SENTENCES)


def test_a_splice_has_no_mark_of_an_end_in_its_middle() -> None:
    spliced = spliced_sentences(SENTENCES, 50, np.random.default_rng(0))

    assert all(len(split_sentences(text)) == 1 for text in spliced)


def test_shuffled_sentences_know_every_word() -> None:
    shuffled = shuffled_sentences(SENTENCES, 100, np.random.default_rng(0))

    words = {word.strip(".") for text in shuffled for word in text.split()}
    assert words == {"We", "have", "to", "wait", "Julia", "is", "it", "ready", "Good"}


def test_the_same_seed_gives_the_same_sentences() -> None:
    once, again = (spliced_sentences(SENTENCES, 20, np.random.default_rng(3)) for _ in range(2))

    assert once == again


def test_only_whole_names_are_respelled() -> None:
    assert respelled("Julia, Giulia and Juliana") == "Giulia, Giulia and Juliana"
