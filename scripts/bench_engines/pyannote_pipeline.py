"""A pipeline of the shapes of `pyannote/speaker-diarization-3.1` with random weights, as a local folder.

Random weights alone find noise. Here the last layer of both models is fitted to the sample meeting: the segmentation
finds speech and most changes of the voice, and the embeddings of one voice lie together, so that slots, clusters and
turns are about as many as in a real meeting. Everything before the last layers stays random.
"""

import importlib.metadata
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
import yaml
from numpy.typing import NDArray
from pyannote.audio import Model
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding import WeSpeakerResNet34
from pyannote.audio.models.segmentation import PyanNet

from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.rttm import read_rttm
from libs.common.speech import Turn
from scripts.bench_engines.recording import SAMPLE

_SLOTS, _CLASSES = 3, 7
_CHUNK = 10.0
_STEP = 5.0
_MIN_SPEECH = 1.0
_RIDGE = 1e-2
_PLDA_DIMENSION = 128

_CONFIG = {
    "pipeline": {
        "name": "pyannote.audio.pipelines.SpeakerDiarization",
        "params": {
            "clustering": "AgglomerativeClustering",
            "embedding": "$model/embedding",
            "embedding_batch_size": 32,
            "embedding_exclude_overlap": True,
            "plda": "$model/plda",
            "segmentation": "$model/segmentation",
            "segmentation_batch_size": 32,
        },
    },
    "params": {
        "clustering": {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7045654963945799},
        "segmentation": {"min_duration_off": 0.0},
    },
}
"""As the configuration of 3.1 has it."""


@dataclass(frozen=True)
class _Sample:
    """The sample meeting in overlapping chunks."""

    chunks: torch.Tensor
    """Shape (num_chunks, 1, num_samples)."""

    turns: tuple[Turn, ...]

    def activity(self, chunk: int, num_frames: int) -> dict[str, NDArray[np.float32]]:
        """Label → 1 where that voice talks, shape (num_frames,)."""
        times = chunk * _STEP + (np.arange(num_frames) + 0.5) * _CHUNK / num_frames
        active = {turn.label: np.zeros(num_frames, np.float32) for turn in self.turns}
        for turn in self.turns:
            active[turn.label][(times >= turn.start) & (times < turn.end)] = 1
        return active


def pipeline_folder(work: Path) -> Path:
    """The pipeline's folder below `work`; built if it is not there."""
    folder = work / "pyannote-3.1-shapes"
    if not (folder / "config.yaml").exists():
        shutil.rmtree(folder, ignore_errors=True)
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(0)
            sample = _read_sample()
            _save(_segmentation(sample), folder / "segmentation")
            _save(_embedding(sample), folder / "embedding")
        _save_plda(folder / "plda")
        (folder / "config.yaml").write_text(yaml.safe_dump(_CONFIG), "utf-8")
    return folder


def _read_sample() -> _Sample:
    samples, _ = soundfile.read(SAMPLE, dtype="float32")
    size, step = round(_CHUNK * SAMPLE_RATE_HZ), round(_STEP * SAMPLE_RATE_HZ)
    chunks = torch.from_numpy(samples).unfold(0, size, step).unsqueeze(1)
    return _Sample(chunks, read_rttm(SAMPLE.with_suffix(".rttm").read_text("utf-8")))


def _segmentation(sample: _Sample) -> Model:
    """Which of the classes is active is read from the features by least squares."""
    model = PyanNet()
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=_CHUNK,
        min_duration=None,
        warm_up=(0.0, 0.0),
        classes=[f"speaker#{number + 1}" for number in range(_SLOTS)],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    model.setup()
    model.eval()
    seen: list[torch.Tensor] = []
    hook = model.classifier.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    model(sample.chunks)
    hook.remove()
    features = torch.cat(seen)
    classes = [_classes(sample.activity(chunk, features.shape[1])) for chunk in range(len(features))]
    targets = torch.from_numpy(np.eye(_CLASSES, dtype=np.float32)[np.concatenate(classes)])
    _fit(model.classifier, features.flatten(0, 1), targets, sharpness=20.0)
    return model


def _classes(activity: dict[str, NDArray[np.float32]]) -> NDArray[np.intp]:
    """Silence is 0 and each of the slots a number from 1; the fourth voice shares the first slot."""
    classes = np.zeros(len(next(iter(activity.values()))), np.intp)
    for index, active in enumerate(activity.values()):
        classes[active > 0] = 1 + index % _SLOTS
    return classes


def _embedding(sample: _Sample) -> Model:
    """Voices are read from the pooled features by least squares; each has a random direction."""
    model = WeSpeakerResNet34()
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=_CHUNK, min_duration=1.0
    )
    model.setup()
    _settle(model, sample.chunks[::2])
    pooled, voices = [], []
    for number, chunk in enumerate(sample.chunks):
        frames = model.forward_frames(chunk[None])
        for voice, active in enumerate(sample.activity(number, 1000).values()):
            if active.mean() * _CHUNK >= _MIN_SPEECH:
                pooled.append(model.resnet.pool(frames, weights=torch.from_numpy(active)[None]))
                voices.append(voice)
    directions = torch.nn.functional.normalize(torch.randn(max(voices) + 1, model.dimension), dim=1)
    _fit(model.resnet.seg_1, torch.cat(pooled), directions[voices], sharpness=1.0)
    return model


def _settle(model: Model, chunks: torch.Tensor) -> None:
    """Let the batch norms see real speech once, as in training."""
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
    model.train()
    model.resnet.forward_frames(model.compute_fbank(chunks))
    model.eval()
    for norm in norms:
        norm.momentum = 0.1


def _fit(layer: torch.nn.Linear, features: torch.Tensor, targets: torch.Tensor, *, sharpness: float) -> None:
    """Ridge regression in its dual form where there are fewer examples than features."""
    mean, centre = features.mean(0), targets.mean(0)
    inputs, outputs = (features - mean).double(), (targets - centre).double()
    if len(inputs) < inputs.shape[1]:
        gram = inputs @ inputs.T
        weight = outputs.T @ torch.linalg.solve(_regular(gram), inputs)
    else:
        weight = torch.linalg.solve(_regular(inputs.T @ inputs), inputs.T @ outputs).T
    layer.weight.copy_(sharpness * weight.float())
    layer.bias.copy_(sharpness * centre - layer.weight @ mean)


def _regular(gram: torch.Tensor) -> torch.Tensor:
    return gram + _RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)


def _save(model: Model, folder: Path) -> None:
    folder.mkdir(parents=True)
    checkpoint = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "pytorch-lightning_version": importlib.metadata.version("lightning"),
        "epoch": 0,
        "global_step": 0,
    }
    model.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, folder / "pytorch_model.bin")


def _save_plda(folder: Path) -> None:
    """Loaded with every pipeline, and used by none of these shapes."""
    folder.mkdir()
    dimension = WeSpeakerResNet34().dimension
    np.savez(
        folder / "xvec_transform.npz",
        mean1=np.zeros(dimension),
        mean2=np.zeros(_PLDA_DIMENSION),
        lda=np.eye(dimension, _PLDA_DIMENSION),
    )
    np.savez(
        folder / "plda.npz",
        mu=np.zeros(_PLDA_DIMENSION),
        tr=np.eye(_PLDA_DIMENSION),
        psi=np.linspace(2.0, 0.1, _PLDA_DIMENSION),
    )
