"""pyannote's pipeline, several times faster on the CPU: one pass of the embedding model for all voices of a chunk.

`get_embeddings` of pyannote sends each chunk of 10 s through the model once for every voice that it could hold, also
where nobody talks. All but the last layers do the same work each time, so here they run once and the voices are pooled
from their frames; chunks without speech are passed over. The embeddings differ by rounding only.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio.models.embedding.wespeaker import BaseWeSpeakerResNet
from pyannote.audio.pipelines import SpeakerDiarization
from pyannote.core import Segment, SlidingWindow, SlidingWindowFeature

from services.diarizer.engines.pyannote.clustering import SamplingAgglomerative, SamplingVBx
from services.diarizer.engines.pyannote.shared_frames import CHUNKS_TOGETHER, embed_together

Array = NDArray[np.float32]
Indices = NDArray[np.intp]


class PooledDiarization(SpeakerDiarization):  # type: ignore[misc]  # pyannote has no types
    """Gives what `SpeakerDiarization` gives."""

    shares_frames = False
    """Whether chunks share frames, which is an approximation."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        metric = self._embedding.metric
        is_vbx = self.klustering == "VBxClustering"
        self.clustering = SamplingVBx(self._plda, metric=metric) if is_vbx else SamplingAgglomerative(metric=metric)

    def get_embeddings(
        self,
        file: dict[str, Any],
        binary_segmentations: SlidingWindowFeature,
        exclude_overlap: bool = False,
        hook: Callable[..., None] | None = None,
    ) -> Array:
        """One embedding per chunk and voice, shape (num_chunks, num_voices, dimension)."""
        if not isinstance(self._embedding.model_, BaseWeSpeakerResNet):
            plain: Array = super().get_embeddings(file, binary_segmentations, exclude_overlap, hook)
            return plain
        weights = self._weights(binary_segmentations, exclude_overlap=exclude_overlap)
        is_heard = weights.any(axis=(1, 2))
        embeddings = np.empty((*weights.shape[:2], self._embedding.dimension), np.float32)
        embeddings[~is_heard] = self._silence(weights.shape[1:], binary_segmentations.sliding_window)
        completed, total = 0, int(is_heard.sum())
        for batch, found in self._embed(file, np.flatnonzero(is_heard), weights, binary_segmentations.sliding_window):
            embeddings[batch] = found
            completed += len(batch)
            if hook is not None:
                hook("embeddings", None, total=total, completed=completed)
        return embeddings

    def _weights(self, segmentations: SlidingWindowFeature, *, exclude_overlap: bool) -> Array:
        """When each voice talks, shape (num_chunks, num_voices, num_frames); as pyannote chooses between masks."""
        voices = np.nan_to_num(segmentations.data).astype(np.float32)
        if exclude_overlap:
            clean = voices * (voices.sum(axis=2, keepdims=True) < 2)
            num_samples = segmentations.sliding_window.duration * self._embedding.sample_rate
            fewest = math.ceil(voices.shape[1] * self._embedding.min_num_samples / num_samples)
            voices = np.where(clean.sum(axis=1, keepdims=True) > fewest, clean, voices)
        return np.ascontiguousarray(voices.transpose(0, 2, 1))

    def _silence(self, shape: tuple[int, int], window: SlidingWindow) -> Array:
        """What the model says of voices that do not talk, shape (num_voices, dimension)."""
        nothing = torch.zeros(1, 1, self._audio.get_num_samples(window.duration))
        silence: Array = self._embedding(nothing, masks=torch.zeros(1, *shape))[0]
        return silence

    def _embed(
        self, file: dict[str, Any], heard: Indices, weights: Array, window: SlidingWindow
    ) -> Iterator[tuple[Indices, Array]]:
        """Chunks and their embeddings, batch by batch."""
        if self.shares_frames:
            for batch in np.split(heard, np.flatnonzero(np.diff(heard // CHUNKS_TOGETHER)) + 1):
                yield batch, self._embed_together(file, batch, weights[batch], window)
            return
        for start in range(0, len(heard), self.embedding_batch_size):
            batch = heard[start : start + self.embedding_batch_size]
            waveforms = torch.stack([self._waveform(file, window[int(index)]) for index in batch])
            yield batch, self._embedding(waveforms, masks=torch.from_numpy(weights[batch]))

    def _embed_together(self, file: dict[str, Any], batch: Indices, weights: Array, window: SlidingWindow) -> Array:
        first, last = window[int(batch[0])], window[int(batch[-1])]
        return embed_together(
            self._embedding.model_,
            self._waveform(file, Segment(first.start, last.end)),
            starts=[self._audio.get_num_samples((index - batch[0]) * window.step) for index in batch],
            num_samples=self._audio.get_num_samples(window.duration),
            weights=torch.from_numpy(weights),
        )

    def _waveform(self, file: dict[str, Any], segment: Segment) -> torch.Tensor:
        waveform: torch.Tensor = self._audio.crop(file, segment, mode="pad")[0]
        return waveform
