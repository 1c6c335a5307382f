"""Trains the embedding model: the same voice alike, different voices apart."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio.core.task import Problem, Resolution, Specifications
from torch.nn import functional

from scripts.fixture_models.pyannote_pipeline.conversations import NUM_VOICES
from scripts.fixture_models.pyannote_pipeline.progress import Progress
from scripts.fixture_models.pyannote_pipeline.small_resnet import SmallWeSpeakerResNet
from scripts.fixture_models.pyannote_pipeline.windows import Window

BATCH_SIZE = 12
LEARNING_RATE = 4e-3
LARGEST_GRADIENT = 5.0
SCALE, MARGIN = 25.0, 0.35
LEAST_CLEAN_SECONDS = 0.5
NUM_CENTRING_BATCHES = 12
_SMALLEST_VARIANCE = 1e-6


def build_embedding() -> SmallWeSpeakerResNet:
    """An untrained one."""
    model = SmallWeSpeakerResNet()
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=10.0, min_duration=0.5
    )
    model.setup()
    return model


def train_embedding(model: SmallWeSpeakerResNet, windows: Iterator[Window], *, steps: int) -> None:
    """Learn to tell the voices apart, with an additive margin between them (Wang et al. 2018)."""
    centres = torch.nn.Parameter(torch.randn(NUM_VOICES, model.dimension))
    learned = [*model.parameters(), centres]
    optimizer = torch.optim.AdamW(learned, lr=LEARNING_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps, pct_start=0.1)
    progress = Progress("embedding", steps)
    model.train()
    for step in range(1, steps + 1):
        embeddings, voices = embed_speakers(model, list(islice(windows, BATCH_SIZE)))
        likeness = functional.normalize(embeddings) @ functional.normalize(centres).T
        margin = MARGIN * functional.one_hot(voices, NUM_VOICES)
        loss = functional.cross_entropy(SCALE * (likeness - margin), voices)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, LARGEST_GRADIENT)
        optimizer.step()
        schedule.step()
        progress.report(step, loss.item(), (likeness.argmax(dim=1) == voices).float().mean().item())
    model.eval()


def embed_speakers(model: SmallWeSpeakerResNet, windows: Sequence[Window]) -> tuple[torch.Tensor, torch.Tensor]:
    """One embedding per speaker who talks alone in a window, pooled over that time only, and the voices' numbers.

    The same windows and masks as in the pipeline, where the mean of the filter banks is everybody's.
    """
    frames = model.forward_frames(torch.from_numpy(np.stack([one.samples for one in windows]))[:, None]).flatten(1, 2)
    pooled, voices = [], []
    for features, window in zip(frames, windows, strict=True):
        masks = _clean_masks(window, features.shape[-1])
        for voice, mask in zip(window.speakers, masks, strict=True):
            if mask.mean() * window.duration >= LEAST_CLEAN_SECONDS:
                pooled.append(_statistics(features[:, torch.from_numpy(mask)]))
                voices.append(voice)
    return model.resnet.seg_1(torch.stack(pooled)), torch.tensor(voices)


def centre(model: SmallWeSpeakerResNet, windows: Iterator[Window]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Move the mean of all voices to the origin, where a cosine tells something.

    Returns:
        Embeddings of the windows after that, shape (num_embeddings, dimension), and the voices' numbers.
    """
    with torch.inference_mode():
        batches = [embed_speakers(model, list(islice(windows, BATCH_SIZE))) for _ in range(NUM_CENTRING_BATCHES)]
    embeddings = torch.cat([one for one, _ in batches]).double().numpy()
    voices = torch.cat([one for _, one in batches]).numpy()
    mean = np.mean([embeddings[voices == one].mean(axis=0) for one in np.unique(voices)], axis=0)
    with torch.no_grad():
        model.resnet.seg_1.bias -= torch.from_numpy(mean).float()
    return embeddings - mean, voices


def _clean_masks(window: Window, num_frames: int) -> NDArray[np.bool_]:
    times = (np.arange(num_frames) + 0.5) * window.duration / num_frames
    activity = window.activity_at(times)
    return np.asarray(activity & (activity.sum(axis=0) == 1))


def _statistics(features: torch.Tensor) -> torch.Tensor:
    """Mean and standard deviation as `StatsPool` takes them; its square root has no gradient at zero."""
    deviation = (features.var(dim=-1) + _SMALLEST_VARIANCE).sqrt()
    return torch.cat([features.mean(dim=-1), deviation])
