"""Makes a pipeline of pyannote from files on this machine; nothing is looked up while it loads."""

import pickle
from collections.abc import Mapping
from typing import Any

import torch
from pyannote.audio import Model
from pyannote.audio.core.plda import PLDA

from libs.common.errors import InvalidSettings
from services.diarizer.engines.pyannote.files import FoundFile, PipelineFiles
from services.diarizer.engines.pyannote.pooled import PooledDiarization
from services.diarizer.settings import DiarizerSettings

_BATCH_SIZES = {"cpu": (8, 2), "cuda": (32, 32)}
"""Of segmentation and embedding. On the CPU large batches leave its caches, and the model gets slower."""

_Broken = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    ImportError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a damaged or foreign checkpoint can raise."""


def choose_device(wish: str) -> torch.device:
    """The device that the settings name.

    Raises:
        InvalidSettings: It is not there.
    """
    has_cuda = torch.cuda.is_available()
    if wish == "cuda" and not has_cuda:
        raise InvalidSettings(
            "PYANNOTE_DEVICE=cuda, but torch sees no GPU: check `nvidia-smi` and that the container may use it, "
            "or set PYANNOTE_DEVICE=cpu"
        )
    return torch.device("cuda" if has_cuda and wish != "cpu" else "cpu")


def load_pipeline(files: PipelineFiles, settings: DiarizerSettings, device: torch.device) -> PooledDiarization:
    """The pipeline, ready to use.

    Raises:
        InvalidSettings: A file is damaged or made for something else.
    """
    try:
        pipeline = PooledDiarization(**_parameters(files, settings, device))
        pipeline.instantiate(files.config.get("params") or pipeline.default_parameters())
    except _Broken as error:
        raise InvalidSettings(
            f"PYANNOTE_PIPELINE: {files.pipeline.path} and its models cannot be loaded ({error}): fetch them again"
        ) from error
    pipeline.shares_frames = settings.pyannote_shared_frames
    if device.type == "cpu":
        # A fifth less work for the same numbers: convolutions on the CPU are laid out like this inside.
        pipeline._embedding.model_.to(memory_format=torch.channels_last)
    pipeline.to(device)
    return pipeline


def _parameters(files: PipelineFiles, settings: DiarizerSettings, device: torch.device) -> Mapping[str, Any]:
    segmentation_batch_size, embedding_batch_size = _BATCH_SIZES[device.type]
    parameters = files.parameters | {
        "legacy": False,
        "segmentation": _load_model(files.segmentation),
        "embedding": _load_model(files.embedding),
        "plda": _NoPlda() if files.plda is None else PLDA.from_pretrained(files.plda),
        "segmentation_batch_size": settings.pyannote_segmentation_batch_size or segmentation_batch_size,
        "embedding_batch_size": settings.pyannote_embedding_batch_size or embedding_batch_size,
    }
    if settings.pyannote_exclude_overlap is not None:
        parameters["embedding_exclude_overlap"] = settings.pyannote_exclude_overlap
    return parameters


def _load_model(file: FoundFile) -> Model:
    # Some checkpoints carry a loss that only training needs.
    return Model.from_pretrained(file.path, strict=False).eval()


class _NoPlda(PLDA):  # type: ignore[misc]  # pyannote has no types
    """For clustering that reads none; without it, one is fetched: https://github.com/pyannote/pyannote-audio/issues/2044."""

    def __init__(self) -> None:
        pass
