"""Windows to learn from, a batch at a time, the same ones for the same seed."""

from collections.abc import Iterator, Sequence

import numpy as np

from scripts.fixture_models.pyannote_pipeline.conversations import Stage
from scripts.fixture_models.pyannote_pipeline.windows import Window, lay_down, with_room_tone

_SILENT_SHARE = 0.08
_LATEST_START = 8.0
_EARLIEST_START = -3.0
"""Silence before the first contribution."""


def random_windows(stage: Stage, *, sizes: Sequence[int], seconds: float, seed: int) -> Iterator[Window]:
    """Windows without an end.

    Args:
        stage: Where the conversations come from.
        sizes: Numbers of speakers, of which each conversation has a random one.
        seconds: Length of each window.
        seed: Of all that is random.
    """
    random = np.random.default_rng(seed)
    while True:
        talk = [] if random.random() < _SILENT_SHARE else stage.conversation(random, size=int(random.choice(sizes)))
        start = float(random.uniform(_EARLIEST_START, _LATEST_START))
        yield with_room_tone(lay_down(talk, seconds=seconds, start=start), random)
