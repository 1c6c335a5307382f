"""Models as files that pyannote loads."""

from importlib.metadata import version
from pathlib import Path

import torch
from pyannote.audio import Model

FILE_NAME = "pytorch_model.bin"


def save_checkpoint(model: Model, folder: Path) -> None:
    """Write what `Model.from_pretrained` needs: weights, hyper-parameters, class and specifications."""
    checkpoint = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "pytorch-lightning_version": version("lightning"),
        "epoch": 0,
        "global_step": 0,
    }
    model.on_save_checkpoint(checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(checkpoint, folder / FILE_NAME)
