"""Training batches: the same for the same seed and step, on every machine and after every resumption."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from scripts.fixture_models.whisper.examples import (
    FEATURES_PER_SECOND,
    FRAMES_PER_SECOND,
    NO_LABEL,
    Example,
    make_example,
)
from scripts.fixture_models.whisper.prompts import make_prompt
from scripts.fixture_models.whisper.recipes import MOST_SECONDS, Library, Mixture, Recipe, medley, passage, silence
from scripts.fixture_models.whisper.sentences import SPELLINGS
from scripts.fixture_models.whisper.speech import PAUSE
from scripts.fixture_models.whisper.timeline import Window
from scripts.fixture_models.whisper.vocabulary import Vocabulary


@dataclass(frozen=True)
class Batch:
    """Examples of one length side by side."""

    features: NDArray[np.float32]
    """Shape (batch, 80, num_features)."""

    offsets: NDArray[np.int64]
    """Encoder frame at which each window is pretended to begin, shape (batch,)."""

    read: NDArray[np.int64]
    """Shape (batch, num_tokens)."""

    written: NDArray[np.int64]
    """The token to follow each one read, shape (batch, num_tokens)."""

    heard: NDArray[np.bool_]
    """Whether a token to be written is heard in a frame, shape (batch, num_tokens, num_frames)."""

    phones: NDArray[np.int64]
    """Shape (batch, num_frames)."""


@dataclass(frozen=True)
class Kitchen:
    """Everything that batches are made from."""

    library: Library
    vocabulary: Vocabulary
    seed: int = 0

    @cached_property
    def phones(self) -> dict[str, int]:
        """Index of each phone; the pause is 0."""
        names = {phone.text for spoken in self.library.utterances for phone in spoken.phones} - {PAUSE}
        return {name: index for index, name in enumerate((PAUSE, *sorted(names)))}

    def batch(self, step: int, *, size: int, seconds: float, mixture: Mixture) -> Batch:
        """The batch of a step."""
        rng = np.random.default_rng([self.seed, step])
        examples = [self._example(seconds, mixture, rng) for _ in range(size)]
        return _side_by_side(examples, seconds, self.vocabulary, rng)

    def _example(self, seconds: float, mixture: Mixture, rng: np.random.Generator) -> Example:
        recipe = silence if rng.random() < 0.06 else passage if rng.random() < mixture.passages else medley
        window = recipe(self.library, seconds, mixture, rng)
        return make_example(
            window,
            prompt=self._prompt(window, rng),
            with_times=rng.random() < 0.5,
            noise=_noise(recipe, mixture, rng),
            vocabulary=self.vocabulary,
            phones=self.phones,
            rng=rng,
        )

    def _prompt(self, window: Window, rng: np.random.Generator) -> str:
        utterances = self.library.utterances
        texts = [utterances[int(index)].order.text for index in rng.integers(len(utterances), size=6)]
        words = {word.text.strip(".,?!") for sentence in window.sentences for word in sentence}
        return make_prompt(texts, rng, has_choice=bool(words & SPELLINGS.keys()))


def _noise(recipe: Recipe, mixture: Mixture, rng: np.random.Generator) -> float:
    """Scale of white noise; it may be loud, or nothing at all, where nobody speaks."""
    if recipe is silence:
        return float(rng.choice([0.0, 10 ** (rng.uniform(-90, -15) / 20)], p=[0.2, 0.8]))
    return float(10 ** (rng.choice([-75.0, rng.uniform(-85, mixture.most_noise_dbfs)]) / 20))


def _side_by_side(
    examples: Sequence[Example], seconds: float, vocabulary: Vocabulary, rng: np.random.Generator
) -> Batch:
    num_features = int(seconds * FEATURES_PER_SECOND)
    num_frames = num_features // 2
    length = max(len(one.prompt) + len(one.written) for one in examples)
    shape = (len(examples), length)
    batch = Batch(
        features=np.zeros((len(examples), 80, num_features), dtype=np.float32),
        offsets=np.array([_offset(num_frames, rng) for _ in examples]),
        read=np.full(shape, vocabulary.end),
        written=np.full(shape, NO_LABEL),
        heard=np.zeros((*shape, num_frames), dtype=np.bool_),
        phones=np.full((len(examples), num_frames), NO_LABEL),
    )
    for row, example in enumerate(examples):
        _fill(batch, row, example, vocabulary)
    return batch


def _offset(num_frames: int, rng: np.random.Generator) -> int:
    """Half of the short windows pretend to lie anywhere within the thirty seconds, so that every position is learnt."""
    room = int(MOST_SECONDS * FRAMES_PER_SECOND) - num_frames
    return int(rng.integers(room + 1)) if rng.random() < 0.5 else 0


def _fill(batch: Batch, row: int, example: Example, vocabulary: Vocabulary) -> None:
    features = example.features[:, : batch.features.shape[2]]
    batch.features[row, :, : features.shape[1]] = features
    phones = example.phones[: batch.phones.shape[1]]
    batch.phones[row, : len(phones)] = phones
    offset = int(batch.offsets[row])
    tokens = [_later(one.token, offset, vocabulary) for one in example.written]
    read = [*example.prompt, example.start, *tokens[:-1]]
    first = len(example.prompt)
    batch.read[row, : len(read)] = read
    batch.written[row, first : first + len(tokens)] = tokens
    if not example.has_speech:
        batch.written[row, first] = vocabulary.no_speech
    for column, token in enumerate(example.written, start=first):
        if token.end > token.start:
            start = max(0, int((token.start - 0.01) * FRAMES_PER_SECOND))
            batch.heard[row, column, start : ceil((token.end + 0.01) * FRAMES_PER_SECOND) + 1] = True


def _later(token: int, frames: int, vocabulary: Vocabulary) -> int:
    """A time moved by so many frames, which last as long as the step between times."""
    return min(token + frames, len(vocabulary) - 1) if token >= vocabulary.first_time else token
