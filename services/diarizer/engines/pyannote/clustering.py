"""Clustering whose time and memory stop growing with the square of the recording.

pyannote compares all embeddings of a recording with each other: 0.7 GB and 10 s for ten thousand, four times as much
for twice as many, without a sign of life. From there on the voices are found in an even sample; every chunk is still
given to the nearest of them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyannote.audio.pipelines.clustering import AgglomerativeClustering, VBxClustering

MAX_EMBEDDINGS = 10_000
"""An hour and a half of lively talk; whatever has fewer is clustered as pyannote does."""

Array = NDArray[Any]


class _Sampling:
    """Limits what a clustering of pyannote compares."""

    max_embeddings = MAX_EMBEDDINGS

    def filter_embeddings(self, *args: Any, **kwargs: Any) -> tuple[Array, Array, Array]:
        embeddings, chunks, voices = super().filter_embeddings(*args, **kwargs)  # type: ignore[misc]
        if len(embeddings) <= self.max_embeddings:
            return embeddings, chunks, voices
        kept = np.linspace(0, len(embeddings) - 1, self.max_embeddings).astype(np.intp)
        return embeddings[kept], chunks[kept], voices[kept]


class SamplingAgglomerative(_Sampling, AgglomerativeClustering):  # type: ignore[misc]  # pyannote has no types
    """By distance alone, as `speaker-diarization-3.1` does."""


class SamplingVBx(_Sampling, VBxClustering):  # type: ignore[misc]
    """By a PLDA, as `speaker-diarization-community-1` does."""
