"""Which engine transcribes on a person's own machine: faster-whisper where its model can be had, else pocketsphinx.

Deployed services never choose for themselves: they are told.
"""

import importlib.util
import threading
from dataclasses import dataclass
from pathlib import Path

from services.transcriber.settings import EngineName

_HUB_TIMEOUT = 3.0
"""Seconds after which the hub counts as out of reach; also for looking up its name."""


@dataclass(frozen=True)
class LocalChoice:
    """The engine, and why it was taken, as a clause for people."""

    engine: EngineName
    reason: str


def choose_local_engine(whisper_model: str) -> LocalChoice:
    """Look for the model on the disk, then fetch it; without it, or without the hub, take pocketsphinx at once.

    Args:
        whisper_model: A folder or a name, as in `WHISPER_MODEL`.
    """
    if importlib.util.find_spec("faster_whisper") is None:
        return LocalChoice("pocketsphinx", "the package faster-whisper is not installed")
    if (Path(whisper_model) / "model.bin").is_file():
        return LocalChoice("faster-whisper", f"its model is in {whisper_model}")
    if Path(whisper_model).is_absolute():
        return LocalChoice("pocketsphinx", f"there is no Whisper model in {whisper_model}")
    return _choose_by_name(whisper_model)


def _choose_by_name(name: str) -> LocalChoice:
    if _fetch(name, only_from_disk=True) is None:
        return LocalChoice("faster-whisper", f"its model {name} is in the cache")
    unreachable = _why_hub_is_out_of_reach()
    if unreachable is not None:
        return LocalChoice("pocketsphinx", f"the Whisper model {name} is not on this machine and {unreachable}")
    failure = _fetch(name, only_from_disk=False)
    if failure is not None:
        return LocalChoice("pocketsphinx", f"the Whisper model {name} cannot be fetched: {failure}")
    return LocalChoice("faster-whisper", f"its model {name} was fetched")


def _fetch(name: str, *, only_from_disk: bool) -> str | None:
    """Bring a model into the cache; `None` if it is there now, otherwise why not."""
    import httpx  # noqa: PLC0415
    from faster_whisper.utils import download_model  # noqa: PLC0415
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    try:
        folder = Path(download_model(name, local_files_only=only_from_disk))
    except (OSError, ValueError, HfHubHTTPError, httpx.HTTPError) as error:
        return str(error).partition("\n")[0]
    return None if (folder / "model.bin").is_file() else "it is incomplete"


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
    import httpx  # noqa: PLC0415

    try:
        return httpx.head(endpoint, timeout=_HUB_TIMEOUT, follow_redirects=True).status_code < 400
    except httpx.HTTPError:
        return False
