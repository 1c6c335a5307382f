"""An approximation: chunks that overlap by nine tenths share the frames of the embedding model.

The model takes the mean out of the features of what it is given, here of half a minute in place of each 10 s, and
neighbouring chunks begin in the middle of a frame. So the embeddings differ a little, and with them the turns.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio.models.embedding.wespeaker import BaseWeSpeakerResNet

CHUNKS_TOGETHER = 32
"""Whose frames are computed in one pass."""


def embed_together(
    model: BaseWeSpeakerResNet, waveform: torch.Tensor, starts: Sequence[int], num_samples: int, weights: torch.Tensor
) -> NDArray[np.float32]:
    """The voices of several chunks from one pass over all of them.

    Args:
        model: The embedding model.
        waveform: From the start of the first chunk to the end of the last, shape (1, num_samples_together).
        starts: Where each chunk begins, in samples.
        num_samples: Of one chunk.
        weights: When each voice talks, shape (num_chunks, num_voices, num_weights).

    Returns:
        One embedding per chunk and voice, shape (num_chunks, num_voices, dimension).
    """
    hop = model.receptive_field_center(1) - model.receptive_field_center(0)
    with torch.inference_mode():
        frames = model.forward_frames(waveform[None].to(model.device))[0]
        num_frames = model.num_frames(num_samples)
        firsts = [min(round(start / hop), frames.shape[-1] - num_frames) for start in starts]
        chunks = torch.stack([frames[..., first : first + num_frames] for first in firsts])
        embeddings = model.forward_embedding(chunks, weights=weights.to(model.device))
    return np.asarray(embeddings.cpu().numpy(), np.float32)
