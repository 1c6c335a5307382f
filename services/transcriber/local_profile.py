"""Which engine transcribes on a person's own machine: faster-whisper where its model can be had, else pocketsphinx.

Deployed services never choose for themselves: they are told.
"""

import importlib.util
import threading
from dataclasses import dataclass

from libs.common.errors import EngineUnavailable, InvalidSettings
from services.transcriber.settings import EngineName, WhisperDevice

_HUB_TIMEOUT = 3.0
"""Seconds after which the hub counts as out of reach; also for looking up its name."""


@dataclass(frozen=True)
class LocalChoice:
    """The engine, and why it was taken, as a clause for people."""

    engine: EngineName
    reason: str


def choose_local_engine(
    whisper_model: str | None, *, device: WhisperDevice = "auto", token: str | None = None
) -> LocalChoice:
    """Look for the model on the disk, then fetch it; without it, or without the hub, take pocketsphinx at once.

    Args:
        whisper_model: A folder or a name, as in `WHISPER_MODEL`.
        device: As in `WHISPER_DEVICE`.
        token: As in `HUGGINGFACE_TOKEN`.
    """
    if importlib.util.find_spec("faster_whisper") is None:
        return LocalChoice("pocketsphinx", "the package faster-whisper is not installed")
    from services.transcriber.engines.whisper_files import find_model, is_folder  # noqa: PLC0415
    from services.transcriber.engines.whisper_hardware import choose_hardware  # noqa: PLC0415

    try:
        model = whisper_model or choose_hardware(device, "auto", threads=1).usual_model
        if is_folder(model):
            return LocalChoice("faster-whisper", f"its model is in {find_model(model).folder}")
        return _choose_by_name(model, token)
    except (EngineUnavailable, InvalidSettings) as error:
        return LocalChoice("pocketsphinx", error.message)


def _choose_by_name(name: str, token: str | None) -> LocalChoice:
    from services.transcriber.engines.whisper_files import cached_model, fetch_model, repository_of  # noqa: PLC0415

    repository = repository_of(name)
    if cached_model(repository) is not None:
        return LocalChoice("faster-whisper", f"its model {name} is in the cache")
    unreachable = _why_hub_is_out_of_reach()
    if unreachable is not None:
        return LocalChoice("pocketsphinx", f"the Whisper model {name} is not on this machine and {unreachable}")
    fetch_model(repository, token=token)
    return LocalChoice("faster-whisper", f"its model {name} was fetched")


def _why_hub_is_out_of_reach() -> str | None:
    from huggingface_hub import constants  # noqa: PLC0415

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    # Neither a name server that is silent nor a proxy that hangs may hold up the start.
    answer: list[bool] = []
    asker = threading.Thread(target=lambda: answer.append(_hub_answers(constants.ENDPOINT)), daemon=True)
    asker.start()
    asker.join(_HUB_TIMEOUT)
    return None if answer == [True] else f"{constants.ENDPOINT} does not answer"


def _hub_answers(endpoint: str) -> bool:
    import httpx2  # noqa: PLC0415

    try:
        return httpx2.head(endpoint, timeout=_HUB_TIMEOUT, follow_redirects=True).status_code < 400
    except httpx2.HTTPError:
        return False
