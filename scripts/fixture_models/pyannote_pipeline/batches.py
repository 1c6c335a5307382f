"""Windows to learn from, a batch at a time, the same ones for the same seed."""

from collections.abc import Iterator

import numpy as np

from scripts.fixture_models.pyannote_pipeline.conversations import Stage
from scripts.fixture_models.pyannote_pipeline.windows import Window, lay_down, with_room_tone

_SILENT_SHARE = 0.08
_LATEST_START = 8.0
_EARLIEST_START = -3.0
"""Silence before the first contribution."""


def random_windows(stage: Stage, *, seconds: float, seed: int) -> Iterator[Window]:
    """Without an end."""
    random = np.random.default_rng(seed)
    while True:
        talk = [] if random.random() < _SILENT_SHARE else stage.conversation(random)
        start = float(random.uniform(_EARLIEST_START, _LATEST_START))
        yield with_room_tone(lay_down(talk, seconds=seconds, start=start), random)
