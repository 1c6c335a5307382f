"""Groups windows by voice: average linkage on cosine similarity, block by block and then over the blocks.

The mean similarity of two groups of unit vectors is the dot product of their mean vectors, so that groups of
different size and from different blocks are compared with one threshold, calibrated for the embedding model.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from libs.common.speech import SpeakerBounds

Array = NDArray[np.float32]
Labels = NDArray[np.intp]

DEFAULT_MAX_SPEAKERS = 20

_BLOCK_SIZE = 1500
"""Windows that are compared pair by pair; ten minutes of speech."""

_MIN_WINDOWS = 2
"""Fewer are taken for a noise or two voices at once, not for a voice of their own."""

_REFINEMENTS = 3


@dataclass(frozen=True)
class Thresholds:
    """Mean cosine similarity from which two groups are one voice."""

    pure: float = 0.70
    """Windows of one group before any group is compared with another."""

    small: float = 0.49
    """Two groups of which one is a single window: chance alone makes its similarity low."""

    large: float = 0.585
    """Two groups of `num_large` windows or more."""

    num_large: int = 7

    def for_sizes(self, sizes: NDArray[np.intp]) -> NDArray[np.float64]:
        """Threshold for each pair of groups, shape (num_groups, num_groups)."""
        smaller = np.minimum(sizes[:, None], sizes[None, :])
        share = np.clip((smaller - 1) / (self.num_large - 1), 0, 1)
        return np.asarray(self.small + (self.large - self.small) * share)


@dataclass(frozen=True)
class _Groups:
    """Sums and sizes of groups of unit vectors: all that average linkage needs to know about them."""

    sums: NDArray[np.float64]
    sizes: NDArray[np.intp]

    @classmethod
    def of(cls, embeddings: Array, labels: Labels) -> "_Groups":
        sums = np.zeros((labels.max() + 1, embeddings.shape[1]))
        np.add.at(sums, labels, embeddings)
        return cls(sums, np.bincount(labels))

    @property
    def similarities(self) -> NDArray[np.float64]:
        """Mean cosine similarity of each pair of groups, shape (num_groups, num_groups)."""
        means = self.sums / self.sizes[:, None]
        return np.asarray(means @ means.T)

    @property
    def directions(self) -> NDArray[np.float64]:
        """L2-normalized means, shape (num_groups, dimension)."""
        return np.asarray(self.sums / np.maximum(np.linalg.norm(self.sums, axis=1, keepdims=True), 1e-9))


def cluster_embeddings(embeddings: Array, bounds: SpeakerBounds, thresholds: Thresholds | None = None) -> Labels:
    """Group windows by voice.

    Args:
        embeddings: One speaker embedding per window, L2-normalized, shape (num_windows, dimension).
        bounds: How many voices there may be; more than there are windows cannot be found.
        thresholds: Defaults to the measured ones of the embedded voice encoder.

    Returns:
        Label index of each window, shape (num_windows,), numbered by first appearance.
    """
    if len(embeddings) == 0:
        return np.zeros(0, np.intp)
    thresholds = thresholds or Thresholds()
    lowest = min(bounds.lowest, len(embeddings))
    highest = max(lowest, bounds.highest(DEFAULT_MAX_SPEAKERS))
    labels = _merge_alike(embeddings, _first_groups(embeddings, thresholds), thresholds, lowest, highest)
    labels = _dissolve_tiny(embeddings, labels, lowest)
    for _ in range(_REFINEMENTS):
        moved = _merge_alike(embeddings, _nearest_group(embeddings, labels), thresholds, lowest, highest)
        if moved.max() + 1 < lowest or np.array_equal(moved, labels):
            break
        labels = moved
    return _split_until(embeddings, _dissolve_tiny(embeddings, labels, lowest), lowest)


def _first_groups(embeddings: Array, thresholds: Thresholds) -> Labels:
    """Groups that are certainly of one voice; where there are several blocks, the voices of each block."""
    if len(embeddings) <= _BLOCK_SIZE:
        return _average_linkage(embeddings, thresholds.pure)
    labels = np.zeros(len(embeddings), np.intp)
    taken = 0
    for start in range(0, len(embeddings), _BLOCK_SIZE):
        block = embeddings[start : start + _BLOCK_SIZE]
        pure = _average_linkage(block, thresholds.pure)
        voices = _merge_alike(block, pure, thresholds, lowest=1, highest=len(block))
        labels[start : start + _BLOCK_SIZE] = taken + voices
        taken += voices.max() + 1
    return labels


def _average_linkage(embeddings: Array, threshold: float) -> Labels:
    if len(embeddings) == 1:
        return np.zeros(1, np.intp)
    distances = np.maximum(0, 1 - embeddings @ embeddings.T)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "average")
    return np.asarray(fcluster(tree, 1 - threshold, "distance") - 1, np.intp)


def _merge_alike(embeddings: Array, labels: Labels, thresholds: Thresholds, lowest: int, highest: int) -> Labels:
    """Join the two groups that pass their threshold by most, again and again, within the bounds."""
    groups = _Groups.of(embeddings, labels)
    sums, sizes = groups.sums, groups.sizes
    owner = np.arange(len(sizes))
    while len(sizes) > lowest:
        excess = _Groups(sums, sizes).similarities - thresholds.for_sizes(sizes)
        np.fill_diagonal(excess, -np.inf)
        kept, joined = sorted(np.unravel_index(int(excess.argmax()), excess.shape))
        if excess[kept, joined] < 0 and len(sizes) <= highest:
            break
        sums[kept] += sums[joined]
        sizes[kept] += sizes[joined]
        sums, sizes = np.delete(sums, joined, axis=0), np.delete(sizes, joined)
        owner[owner == joined] = kept
        owner[owner > joined] -= 1
    return number_by_appearance(owner[labels])


def _dissolve_tiny(embeddings: Array, labels: Labels, lowest: int) -> Labels:
    """Give the windows of groups that are too small for a voice to the nearest other group."""
    while len(sizes := np.bincount(labels)) > lowest and sizes.min() < _MIN_WINDOWS:
        smallest = int(sizes.argmin())
        scores = embeddings @ _Groups.of(embeddings, labels).directions.T
        scores[:, smallest] = -np.inf
        labels = number_by_appearance(np.where(labels == smallest, scores.argmax(axis=1), labels))
    return labels


def _nearest_group(embeddings: Array, labels: Labels) -> Labels:
    scores = embeddings @ _Groups.of(embeddings, labels).directions.T
    return number_by_appearance(np.asarray(scores.argmax(axis=1), np.intp))


def _split_until(embeddings: Array, labels: Labels, lowest: int) -> Labels:
    """Divide the group with the largest spread until there are as many as asked for."""
    while labels.max() + 1 < lowest:
        groups = _Groups.of(embeddings, labels)
        spread = np.where(groups.sizes > 1, groups.sizes * (1 - groups.similarities.diagonal()), -1)
        members = np.flatnonzero(labels == spread.argmax())[:_BLOCK_SIZE]
        tree = linkage(embeddings[members], "ward")
        labels = labels.copy()
        labels[members[fcluster(tree, 2, "maxclust") == 2]] = labels.max() + 1
        labels = number_by_appearance(labels)
    return labels


def number_by_appearance(labels: Labels) -> Labels:
    """The same groups, numbered by first appearance, without gaps."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], np.intp)
