"""Trains the segmentation model: who talks when in ten seconds."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.segmentation import PyanNet
from torch.nn import functional

from scripts.fixture_models.pyannote_pipeline.conversations import NUM_VOICES
from scripts.fixture_models.pyannote_pipeline.progress import Progress
from scripts.fixture_models.pyannote_pipeline.targets import MAX_AT_ONCE, powerset_targets
from scripts.fixture_models.pyannote_pipeline.windows import MAX_SPEAKERS, Window

WINDOW_SECONDS = 10.0
HIDDEN_SIZE = 64
BATCH_SIZE = 8
LARGEST_GRADIENT = 1.0
VOICE_WEIGHT = 4.0


def build_segmentation() -> PyanNet:
    """An untrained PyanNet of pyannote's shape, with a smaller LSTM."""
    model = PyanNet(
        lstm={"hidden_size": HIDDEN_SIZE, "num_layers": 2, "bidirectional": True},
        linear={"hidden_size": HIDDEN_SIZE, "num_layers": 2},
    )
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=WINDOW_SECONDS,
        min_duration=None,
        warm_up=(0.0, 0.0),
        classes=[f"speaker#{number}" for number in range(1, MAX_SPEAKERS + 1)],
        powerset_max_classes=MAX_AT_ONCE,
        permutation_invariant=True,
    )
    model.setup()
    return model


def frame_times(model: PyanNet) -> NDArray[np.float64]:
    """The middles of the model's frames in a window, seconds."""
    field = model.receptive_field
    num_frames = model.num_frames(round(WINDOW_SECONDS * model.hparams.sample_rate))
    return np.asarray(np.arange(num_frames) * field.step + field.duration / 2)


def train_segmentation(model: PyanNet, windows: Iterator[Window], *, steps: int, learning_rate: float) -> None:
    """Learn from the windows; the filters that read the waveform stay as they are, which is faster."""
    for filters in (model.sincnet.wav_norm1d, model.sincnet.conv1d[0]):
        filters.requires_grad_(False)
    lesson = _Lesson(model)
    learned = [one for one in lesson.parameters() if one.requires_grad]
    optimizer = torch.optim.Adam(learned, lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps, pct_start=0.1)
    progress = Progress("segmentation", steps)
    lesson.train()
    for step in range(1, steps + 1):
        loss, accuracy = lesson(list(islice(windows, BATCH_SIZE)))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, LARGEST_GRADIENT)
        optimizer.step()
        schedule.step()
        progress.report(step, loss.item(), accuracy)
    lesson.eval()


class _Lesson(torch.nn.Module):  # type: ignore[misc]
    """The model with what it also has to tell while it learns: which voices talk.

    Without that it long puts everybody's speech into one place, because every order of the speakers is right.
    """

    def __init__(self, model: PyanNet) -> None:
        super().__init__()
        self._model = model
        self._times = frame_times(model)
        self._voices = torch.nn.Linear(model.lstm.hidden_size * 2, NUM_VOICES)
        self._heard = torch.empty(0)
        model.lstm.register_forward_hook(self._keep)

    def forward(self, windows: Sequence[Window]) -> tuple[torch.Tensor, float]:
        """The loss, and the share of right frames."""
        scores = self._model(torch.from_numpy(np.stack([one.samples for one in windows]))[:, None])
        loss, accuracy = self._order_free_loss(scores, windows)
        voices = torch.from_numpy(np.stack([self._voice_activity(one) for one in windows]))
        return loss + functional.binary_cross_entropy_with_logits(
            self._voices(self._heard), voices
        ) * VOICE_WEIGHT, accuracy

    def _order_free_loss(self, scores: torch.Tensor, windows: Sequence[Window]) -> tuple[torch.Tensor, float]:
        """Of the best order of the speakers in each window."""
        targets = torch.from_numpy(np.stack([powerset_targets(one.activity_at(self._times)) for one in windows]))
        expected = scores[:, None].expand(-1, targets.shape[1], -1, -1).gather(3, targets[..., None])[..., 0]
        losses, orders = (-expected.mean(dim=-1)).min(dim=1)
        best = targets[torch.arange(len(windows)), orders]
        return losses.mean(), (scores.argmax(dim=-1) == best).float().mean().item()

    def _voice_activity(self, window: Window) -> NDArray[np.float32]:
        activity = np.zeros((len(self._times), NUM_VOICES), dtype=np.float32)
        activity[:, list(window.speakers)] = window.activity_at(self._times).T
        return activity

    def _keep(self, _module: torch.nn.Module, _inputs: object, outputs: tuple[torch.Tensor, object]) -> None:
        self._heard = outputs[0]
