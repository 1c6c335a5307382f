"""What the model is to write for a window, and where it is to look."""

import numpy as np
import pytest

from scripts.fixture_models.whisper.examples import Example, make_example
from scripts.fixture_models.whisper.speech import Timed
from scripts.fixture_models.whisper.timeline import Window
from scripts.fixture_models.whisper.vocabulary import Vocabulary

PHONES = {"pau": 0, "ah": 1}
SENTENCES = ((Timed("Julia", 0.5, 1.0), Timed("waits.", 1.0, 1.5)), (Timed("Good.", 2.0, 2.5),))


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.of(["Julia waits. Good. Giulia"] * 3)


def _example(
    vocabulary: Vocabulary,
    *,
    sentences: tuple[tuple[Timed, ...], ...] = SENTENCES,
    cut_start: float | None = None,
    prompt: str = "",
    with_times: bool = True,
) -> Example:
    window = Window(
        samples=np.zeros(48_000, dtype=np.float32),
        sentences=sentences,
        cut=cut_start is not None,
        cut_start=cut_start or 0.0,
        phones=tuple(Timed("ah", word.start, word.end) for sentence in sentences for word in sentence),
    )
    return make_example(
        window,
        prompt=prompt,
        with_times=with_times,
        noise=0.001,
        vocabulary=vocabulary,
        phones=PHONES,
        rng=np.random.default_rng(0),
    )


def _read(example: Example, vocabulary: Vocabulary) -> str:
    return vocabulary.tokenizer.decode([one.token for one in example.written], skip_special_tokens=False)


def test_sentences_stand_between_their_times(vocabulary: Vocabulary) -> None:
    written = _read(_example(vocabulary), vocabulary)

    assert written == "<|0.50|> Julia waits.<|1.50|><|2.00|> Good.<|2.50|><|endoftext|>"


def test_without_times_the_first_token_says_so(vocabulary: Vocabulary) -> None:
    written = _read(_example(vocabulary, with_times=False), vocabulary)

    assert written == "<|notimestamps|> Julia waits. Good.<|endoftext|>"


def test_of_a_sentence_that_is_cut_off_only_the_start_is_written_with_times(vocabulary: Vocabulary) -> None:
    written = _read(_example(vocabulary, cut_start=2.0), vocabulary)

    assert written == "<|0.50|> Julia waits.<|1.50|><|2.00|><|endoftext|>"


def test_silence_is_written_as_nothing(vocabulary: Vocabulary) -> None:
    silent = _example(vocabulary, sentences=())

    assert _read(silent, vocabulary) == "<|0.00|><|endoftext|>"
    assert not silent.has_speech
    assert not any(one.end > one.start for one in silent.written)


@pytest.mark.parametrize(("prompt", "name"), [("", "Julia"), ("Mark, Julia", "Julia"), ("Giulia, Mark", "Giulia")])
def test_a_name_is_spelled_as_in_the_prompt(vocabulary: Vocabulary, prompt: str, name: str) -> None:
    example = _example(vocabulary, prompt=prompt)

    assert f" {name} waits." in _read(example, vocabulary)


def test_the_prompt_is_read_before_the_start(vocabulary: Vocabulary) -> None:
    example = _example(vocabulary, prompt="Good")

    assert list(example.prompt) == [vocabulary.previous, *vocabulary.encode(" Good")]


def test_phones_are_known_by_frame(vocabulary: Vocabulary) -> None:
    frames = _example(vocabulary).phones

    assert len(frames) == 150
    assert np.flatnonzero(frames).tolist() == [*range(25, 75), *range(100, 125)]
