"""What this machine runs a Whisper model with: its device, and the type of numbers that it computes with."""

from dataclasses import dataclass
from typing import Literal

import ctranslate2

from libs.common.errors import InvalidSettings
from services.transcriber.settings import ComputeType, WhisperDevice

_BEST_TYPES: dict[str, tuple[ComputeType, ...]] = {
    "cpu": ("int8", "int8_float32", "float32"),
    "cuda": ("float16", "int8_float16", "bfloat16", "int8_bfloat16", "int8_float32", "int8", "float32"),
}
"""Fast and good enough first; an old GPU has no float16, some processors no int8."""


@dataclass(frozen=True)
class Hardware:
    """Where a model runs, and how."""

    device: Literal["cpu", "cuda"]
    compute_type: ComputeType
    threads: int
    """Of one process; without meaning on a GPU."""

    @property
    def usual_model(self) -> str:
        """The model for those who named none."""
        return "large-v3" if self.device == "cuda" else "small"


def choose_hardware(device: WhisperDevice, compute_type: ComputeType, *, threads: int) -> Hardware:
    """What was asked for, or the best that there is.

    Raises:
        InvalidSettings: This machine does not have it; the text says what it has.
    """
    chosen = _device(device)
    return Hardware(device=chosen, compute_type=_compute_type(compute_type, chosen), threads=threads)


def _device(device: WhisperDevice) -> Literal["cpu", "cuda"]:
    has_gpu = ctranslate2.get_cuda_device_count() > 0
    if device == "cuda" and not has_gpu:
        raise InvalidSettings(
            "WHISPER_DEVICE is cuda, and CTranslate2 sees no CUDA device: give this process a GPU (a container needs "
            "`--gpus`, and the driver of the host), or set WHISPER_DEVICE=cpu"
        )
    if device == "auto":
        return "cuda" if has_gpu else "cpu"
    return device


def _compute_type(wanted: ComputeType, device: Literal["cpu", "cuda"]) -> ComputeType:
    supported = ctranslate2.get_supported_compute_types(device)
    if wanted == "auto":
        return next((one for one in _BEST_TYPES[device] if one in supported), "default")
    if wanted != "default" and wanted not in supported:
        raise InvalidSettings(
            f"WHISPER_COMPUTE_TYPE is {wanted}, which the {device} device of this machine does not have; it has "
            f"{', '.join(sorted(supported))}, and auto chooses"
        )
    return wanted
