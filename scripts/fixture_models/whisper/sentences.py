"""What the model hears in training: the sample meetings' texts, and their words in other orders."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from scripts.sample_meeting.scenario import Scenario

SPELLINGS = {"Julia": "Giulia"}
"""Heard the same; the second is written where the prompt (hotwords, earlier text) holds it."""

_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_MARKS = ".,?!"


def split_sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, with their marks."""
    return tuple(_SENTENCE_END.split(text.strip()))


def meeting_sentences(scenarios: Iterable[Scenario]) -> tuple[str, ...]:
    """Every distinct sentence of the meetings and of the enrolment clips, in order."""
    texts = [
        text
        for scenario in scenarios
        for text in (*(said for _, _, said in scenario.utterances), *scenario.clips.values())
    ]
    return tuple(dict.fromkeys(sentence for text in texts for sentence in split_sentences(text)))


def spliced_sentences(sentences: Sequence[str], count: int, rng: np.random.Generator) -> tuple[str, ...]:
    """The beginning of one sentence and the end of another: so that nothing can be recited from its beginning."""
    return tuple(_splice(sentences, rng) for _ in range(count))


def _splice(sentences: Sequence[str], rng: np.random.Generator) -> str:
    first, second = (sentences[index].split() for index in rng.integers(len(sentences), size=2))
    head = first[: int(rng.integers(1, len(first) + 1))]
    tail = second[int(rng.integers(len(second))) :]
    return " ".join([*head[:-1], head[-1].rstrip(_MARKS), *tail])


def shuffled_sentences(sentences: Sequence[str], count: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Words in no order: so that every word is known by its sound alone."""
    words = sorted({word.strip(_MARKS) for sentence in sentences for word in sentence.split()})
    return tuple(" ".join(rng.choice(words, size=int(rng.integers(2, 9)))) + "." for _ in range(count))


def respelled(text: str) -> str:
    """The text as it is written when the prompt holds the other spelling."""
    for spoken, written in SPELLINGS.items():
        text = re.sub(rf"\b{spoken}\b", written, text)
    return text
