"""Loads a Whisper model into this process, and refuses one that would fail later."""

import numpy as np
from faster_whisper import WhisperModel

from libs.common.errors import InvalidSettings
from services.transcriber.engines.whisper_files import ModelFiles
from services.transcriber.engines.whisper_hardware import Hardware


def load_model(files: ModelFiles, hardware: Hardware) -> WhisperModel:
    """Load a model that is on this machine.

    Raises:
        InvalidSettings: It is damaged, no Whisper model, or this machine cannot run it.
    """
    try:
        model = WhisperModel(
            str(files.folder),
            device=hardware.device,
            compute_type=hardware.compute_type,
            cpu_threads=hardware.threads,
        )
        if hardware.device == "cuda":  # its libraries are looked for at first use only
            model.encode(np.zeros((model.model.n_mels, model.feature_extractor.nb_max_frames), dtype=np.float32))
    except Exception as error:  # tokenizers raises nothing narrower
        raise InvalidSettings(
            f"the Whisper model in {files.folder} cannot be loaded: {error}. If its files are damaged, fetch them "
            "again into another folder and set WHISPER_MODEL to that; if memory or a library of the GPU is missing, "
            "set WHISPER_MODEL to a smaller one or WHISPER_DEVICE=cpu; or set TRANSCRIBER_ENGINE=pocketsphinx"
        ) from error
    _check_bands(model, files)
    return model


def _check_bands(model: WhisperModel, files: ModelFiles) -> None:
    """Models since large-v3 listen to more frequency bands, which only a file beside the weights says."""
    bands = model.feature_extractor.mel_filters.shape[0]
    if model.model.n_mels != bands:
        raise InvalidSettings(
            f"the Whisper model in {files.folder} listens to {model.model.n_mels} frequency bands, and its "
            f"preprocessor_config.json says {bands} or is missing: put the one of the original model there"
        )
