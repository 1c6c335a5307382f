"""Who talks in a frame as one class, the way pyannote's powerset models say it."""

from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from scripts.fixture_models.pyannote_pipeline.windows import MAX_SPEAKERS

MAX_AT_ONCE = 2
POWERSET = tuple(
    frozenset(chosen) for size in range(MAX_AT_ONCE + 1) for chosen in combinations(range(MAX_SPEAKERS), size)
)
"""Class → who of the window's speakers talks; nobody is class 0."""


def powerset_targets(activity: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The class of each frame, for every order in which a model may number the speakers.

    Args:
        activity: Who talks, shape (num_speakers, num_frames), at most `MAX_SPEAKERS`. Where more than `MAX_AT_ONCE`
            talk, the first of them count.

    Returns:
        Shape (num_orders, num_frames).
    """
    full = np.zeros((MAX_SPEAKERS, activity.shape[1]), dtype=np.bool_)
    full[: len(activity)] = activity
    heard = full & (np.cumsum(full, axis=0) <= MAX_AT_ONCE)
    return np.stack([_classes(heard[list(order)]) for order in permutations(range(MAX_SPEAKERS))])


def _classes(activity: NDArray[np.bool_]) -> NDArray[np.int64]:
    bits = np.asarray([sum(1 << speaker for speaker in one) for one in POWERSET])
    class_of = np.zeros(1 << MAX_SPEAKERS, dtype=np.int64)
    class_of[bits] = np.arange(len(POWERSET))
    return np.asarray(class_of[(activity * (1 << np.arange(MAX_SPEAKERS))[:, None]).sum(axis=0)])
