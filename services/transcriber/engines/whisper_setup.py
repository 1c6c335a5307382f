"""From the settings to a Whisper model that is on this machine, whole, and can run on it."""

from collections.abc import Callable
from functools import partial

from services.transcriber.engines.faster_whisper import FasterWhisperTranscriber
from services.transcriber.engines.whisper_files import find_model
from services.transcriber.engines.whisper_hardware import choose_hardware
from services.transcriber.settings import TranscriberSettings


def prepare_whisper(settings: TranscriberSettings) -> Callable[[], FasterWhisperTranscriber]:
    """Find or fetch the model; the result loads it.

    Raises:
        EngineUnavailable: The hub does not give it at the moment; the text says what to do.
        InvalidSettings: It cannot be had, or not run on this machine; the text says what to do.
    """
    hardware = choose_hardware(
        settings.whisper_device, settings.whisper_compute_type, threads=settings.threads_per_child
    )
    token = settings.huggingface_token
    model = find_model(
        settings.whisper_model or hardware.usual_model, token=token.get_secret_value() if token is not None else None
    )
    return partial(
        FasterWhisperTranscriber,
        model,
        hardware,
        batch_size=settings.whisper_batch_size,
        beam_size=settings.whisper_beam_size,
    )
