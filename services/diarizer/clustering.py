"""Groups windows by voice: average linkage on cosine similarity, block by block and then over the blocks.

The mean similarity of two groups of unit vectors is the dot product of their mean vectors, so that groups of
different size and from different blocks are compared with one threshold, calibrated for the embedding model.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from libs.common.speech import SpeakerBounds

Array = NDArray[np.float32]
Numbers = NDArray[np.float64]
Labels = NDArray[np.intp]

DEFAULT_MAX_SPEAKERS = 20

_BLOCK_SIZE = 1500
"""Windows that are compared pair by pair; ten minutes of speech."""

_LARGE_SHARE = 0.03
_VOICE_SHARE = 0.004
_MAX_VOICE_SECONDS = 10.0

_REFINEMENTS = 3


@dataclass(frozen=True)
class Calibration:
    """What is known about the similarities that an embedding model gives to windows."""

    pure: float = 0.70
    """Mean cosine similarity within the first, small groups."""

    cohesion: float = 0.72
    """Mean cosine similarity of windows of one voice, expected before a group has shown its own."""

    cohesion_seconds: float = 8.0
    """How many seconds of a group's own windows weigh as much as that expectation."""

    alike_small: float = 0.69
    """Similarity, in parts of the cohesion, from which groups of `small_seconds` are one voice: chance lowers it."""

    alike_large: float = 0.82
    """The same for groups of `large_seconds` or more."""

    small_seconds: float = 0.4
    large_seconds: float = 4.0
    voice_seconds: float = 1.7
    """Less is taken for a noise or two voices at once, not for a voice of its own."""

    def for_speech(self, seconds: float) -> "Calibration":
        """The same for a recording with so much speech: in a long one, the odd sounds of a voice add up too."""
        return replace(
            self,
            large_seconds=max(self.large_seconds, _LARGE_SHARE * seconds),
            voice_seconds=max(self.voice_seconds, min(_VOICE_SHARE * seconds, _MAX_VOICE_SECONDS)),
        )


@dataclass(frozen=True)
class _Groups:
    """Sums, sizes and seconds of groups of unit vectors: all that average linkage needs to know about them."""

    sums: Numbers
    sizes: Numbers
    seconds: Numbers

    @classmethod
    def of(cls, windows: "_Windows", labels: Labels) -> "_Groups":
        count, dimension = int(labels.max()) + 1, windows.embeddings.shape[1]
        sums, sizes, seconds = np.zeros((count, dimension)), np.zeros(count), np.zeros(count)
        np.add.at(sums, labels, windows.embeddings)
        np.add.at(sizes, labels, 1)
        np.add.at(seconds, labels, windows.seconds)
        return cls(sums, sizes, seconds)

    def __len__(self) -> int:
        return len(self.sizes)

    def join(self, kept: int, joined: int) -> "_Groups":
        """One group less: the second has become part of the first."""
        parts = [part.copy() for part in (self.sums, self.sizes, self.seconds)]
        for part in parts:
            part[kept] += part[joined]
        return _Groups(*(np.delete(part, joined, axis=0) for part in parts))

    @property
    def similarities(self) -> Numbers:
        """Mean cosine similarity of each pair of groups, shape (num_groups, num_groups)."""
        means = self.sums / self.sizes[:, None]
        return np.asarray(means @ means.T)

    @property
    def directions(self) -> Numbers:
        """L2-normalized means, shape (num_groups, dimension)."""
        return np.asarray(self.sums / np.maximum(np.linalg.norm(self.sums, axis=1, keepdims=True), 1e-9))

    def excess(self, known: Calibration) -> Numbers:
        """By how much each pair is more alike than one voice must be, shape (num_groups, num_groups)."""
        similarities = self.similarities
        own = self.seconds * similarities.diagonal() + known.cohesion_seconds * known.cohesion
        spread = np.sqrt(np.maximum(own / (self.seconds + known.cohesion_seconds), 1e-9))
        smaller = np.minimum(self.seconds[:, None], self.seconds[None, :])
        share = np.clip((smaller - known.small_seconds) / (known.large_seconds - known.small_seconds), 0, 1)
        needed = known.alike_small + (known.alike_large - known.alike_small) * share
        found = similarities / np.outer(spread, spread) - needed
        np.fill_diagonal(found, -np.inf)
        return np.asarray(found)


@dataclass(frozen=True)
class _Windows:
    embeddings: Array
    seconds: Numbers


def cluster_embeddings(
    embeddings: Array, seconds: Numbers, bounds: SpeakerBounds, known: Calibration | None = None
) -> Labels:
    """Group windows by voice.

    Args:
        embeddings: One speaker embedding per window, L2-normalized, shape (num_windows, dimension).
        seconds: How much speech each window stands for, shape (num_windows,).
        bounds: How many voices there may be; more than there are windows cannot be found.
        known: Defaults to what was measured for the embedded voice encoder.

    Returns:
        Label index of each window, shape (num_windows,), numbered by first appearance.
    """
    if len(embeddings) == 0:
        return np.zeros(0, np.intp)
    windows = _Windows(embeddings, seconds)
    known = (known or Calibration()).for_speech(float(seconds.sum()))
    lowest = min(bounds.lowest, len(embeddings))
    highest = max(lowest, bounds.highest(DEFAULT_MAX_SPEAKERS))
    labels = _merge_alike(windows, _first_groups(windows, known), known, lowest, highest)
    labels = _dissolve_tiny(windows, labels, known, lowest)
    for _ in range(_REFINEMENTS):
        moved = _merge_alike(windows, _nearest_group(windows, labels), known, lowest, highest)
        if moved.max() + 1 < lowest or np.array_equal(moved, labels):
            break
        labels = moved
    return _split_until(windows, _dissolve_tiny(windows, labels, known, lowest), lowest)


def _first_groups(windows: _Windows, known: Calibration) -> Labels:
    """Groups that are certainly of one voice; where there are several blocks, the voices of each block."""
    if len(windows.embeddings) <= _BLOCK_SIZE:
        return _average_linkage(windows.embeddings, known.pure)
    labels = np.zeros(len(windows.embeddings), np.intp)
    taken = 0
    for start in range(0, len(labels), _BLOCK_SIZE):
        own = slice(start, start + _BLOCK_SIZE)
        block = _Windows(windows.embeddings[own], windows.seconds[own])
        pure = _average_linkage(block.embeddings, known.pure)
        voices = _merge_alike(block, pure, known, lowest=1, highest=len(pure))
        labels[own] = taken + voices
        taken += int(voices.max()) + 1
    return labels


def _average_linkage(embeddings: Array, threshold: float) -> Labels:
    if len(embeddings) == 1:
        return np.zeros(1, np.intp)
    distances = np.maximum(0, 1 - embeddings @ embeddings.T)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "average")
    return number_by_appearance(np.asarray(fcluster(tree, 1 - threshold, "distance"), np.intp))


def _merge_alike(windows: _Windows, labels: Labels, known: Calibration, lowest: int, highest: int) -> Labels:
    """Join the two groups that are most clearly one voice, again and again, within the bounds."""
    groups = _Groups.of(windows, labels)
    owner = np.arange(len(groups))
    while len(groups) > lowest:
        excess = groups.excess(known)
        kept, joined = sorted(int(index) for index in np.unravel_index(excess.argmax(), excess.shape))
        if excess[kept, joined] < 0 and len(groups) <= highest:
            break
        groups = groups.join(kept, joined)
        owner[owner == joined] = kept
        owner[owner > joined] -= 1
    return number_by_appearance(owner[labels])


def _dissolve_tiny(windows: _Windows, labels: Labels, known: Calibration, lowest: int) -> Labels:
    """Give the windows of groups that are too short for a voice to the nearest other group."""
    groups = _Groups.of(windows, labels)
    while len(groups) > lowest and groups.seconds.min() < known.voice_seconds:
        smallest = int(groups.seconds.argmin())
        scores = windows.embeddings @ groups.directions.T
        scores[:, smallest] = -np.inf
        labels = number_by_appearance(np.where(labels == smallest, scores.argmax(axis=1), labels))
        groups = _Groups.of(windows, labels)
    return labels


def _nearest_group(windows: _Windows, labels: Labels) -> Labels:
    scores = windows.embeddings @ _Groups.of(windows, labels).directions.T
    return number_by_appearance(np.asarray(scores.argmax(axis=1), np.intp))


def _split_until(windows: _Windows, labels: Labels, lowest: int) -> Labels:
    """Divide the group with the largest spread until there are as many as asked for."""
    while labels.max() + 1 < lowest:
        groups = _Groups.of(windows, labels)
        spread = np.where(groups.sizes > 1, groups.sizes * (1 - groups.similarities.diagonal()), -1)
        members = np.flatnonzero(labels == spread.argmax())[:_BLOCK_SIZE]
        labels = labels.copy()
        labels[members[_second_half(windows.embeddings[members])]] = labels.max() + 1
        labels = number_by_appearance(labels)
    return labels


def _second_half(embeddings: Array) -> NDArray[np.bool_]:
    """Which windows belong to the second of two groups; equal ones are divided by time."""
    is_second = fcluster(linkage(embeddings, "ward"), 2, "maxclust") == 2
    return np.asarray(is_second if is_second.any() else np.arange(len(embeddings)) >= len(embeddings) // 2)


def number_by_appearance(labels: Labels) -> Labels:
    """The same groups, numbered by first appearance, without gaps."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], np.intp)
