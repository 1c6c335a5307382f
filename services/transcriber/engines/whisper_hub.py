"""Whisper models on the Hugging Face hub: the cache on this machine, fetching into it, and what the hub states."""

import errno
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import structlog
from huggingface_hub import HfApi, constants, get_cached_repo_tree, snapshot_download
from huggingface_hub.errors import (
    CachedRepoTreeNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    XetDownloadError,
)
from tqdm import tqdm  # type: ignore[import-untyped]

from libs.common.errors import EngineUnavailable, InvalidSettings
from libs.common.model_hub import answer_of, hub_error

WANTED = ("config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.*")
"""The files of a repository that make up a model."""

_PATIENCE = 5.0
"""Seconds for a question that fetches nothing."""

_LOG_PERIOD = 5.0
"""Seconds between two lines about how far a download is."""

_log = structlog.get_logger(__name__)


def cached_snapshot(repository: str) -> Path | None:
    """The folder of a model that was fetched before; files may be missing."""
    try:
        return Path(snapshot_download(repository, allow_patterns=list(WANTED), local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise InvalidSettings(f"WHISPER_MODEL is {repository}, which cannot be a repository: {error}") from error


def fetch_snapshot(repository: str, *, token: str | None) -> Path:
    """Fetch the files of a model, and log how far it is; what is there already is not fetched again.

    Raises:
        EngineUnavailable: The hub is out of order or out of reach; the text says how to get them by hand.
        InvalidSettings: The hub refuses them; the text says why, and how to get them by hand.
    """
    _log.info("fetching a model", repository=repository, hub=constants.ENDPOINT, cache=constants.HF_HUB_CACHE)
    try:
        folder = snapshot_download(
            repository, allow_patterns=list(WANTED), token=token, tqdm_class=_LoggedProgress, max_workers=2
        )
    except (OSError, RuntimeError, httpx2.HTTPError, XetDownloadError) as error:
        answer = answer_of(error)
        raise _kind(answer)(
            f"the Whisper model {repository} cannot be fetched: {_reason(repository, answer)}. To do without the hub, "
            f"{how_by_hand(repository)}; or set TRANSCRIBER_ENGINE=pocketsphinx"
        ) from error
    return Path(folder)


def ask_hub(repository: str, *, token: str | None) -> None:
    """Whether the hub would give a model; nothing is fetched.

    Raises:
        EngineUnavailable: It is out of order or out of reach; the text says how to get it by hand.
        InvalidSettings: It would not; the text says why, and how to get it by hand.
    """
    try:
        HfApi(token=token or False).model_info(repository, revision="main", timeout=_PATIENCE)
    except (OSError, RuntimeError, httpx2.HTTPError) as error:
        reason = _reason(repository, error, otherwise=f"{constants.ENDPOINT} does not answer as a hub does")
        raise _kind(error)(f"{repository} cannot be fetched: {reason}; or {how_by_hand(repository)}") from error


def hub_cache() -> Path:
    """The folder of all that was fetched."""
    return Path(constants.HF_HUB_CACHE)


def how_by_hand(repository: str) -> str:
    """What a person can do about a model that does not come by itself."""
    folder = f"/models/{repository.rpartition('/')[2]}"
    return (
        f"fetch it by hand where the hub can be reached (hf download {repository} --local-dir {folder}), bring that "
        f"folder to this machine and set WHISPER_MODEL={folder}"
    )


def stated_digests(repository: str, commit: str) -> dict[str, str]:
    """File name → digest, as the hub stated them at download; empty for a cache that an old client has filled."""
    try:
        tree = get_cached_repo_tree(repository, revision=commit)
    except CachedRepoTreeNotFoundError:
        return {}
    return {file.path: file.lfs.sha256 if file.lfs is not None else file.blob_id for file in tree}


def discard(snapshot: Path, names: Sequence[str]) -> None:
    """Remove files of a snapshot and what its links lead to, so that the next download does not take them as whole."""
    for name in names:
        content = (snapshot / name).resolve()
        (snapshot / name).unlink(missing_ok=True)
        content.unlink(missing_ok=True)


def _kind(error: Exception) -> type[EngineUnavailable] | type[InvalidSettings]:
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    return hub_error(error, status=status, is_offline=constants.HF_HUB_OFFLINE)


def _reason(repository: str, error: Exception, otherwise: str = "the download broke off") -> str:
    match error:
        case GatedRepoError():
            return f"its terms have to be accepted at {constants.ENDPOINT}/{repository}, and HUGGINGFACE_TOKEN set"
        case RepositoryNotFoundError():
            return "the hub has no such model for everybody: mind its name, or set HUGGINGFACE_TOKEN"
        case HfHubHTTPError(response=response) if response.status_code in {401, 403}:
            return f"the hub refuses it ({response.status_code}): HUGGINGFACE_TOKEN is wrong or lacks the permission"
        case LocalEntryNotFoundError():
            silence = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else f"{constants.ENDPOINT} does not answer"
            return f"it is not in the cache, and {silence}"
        case OSError(errno=errno.ENOSPC):
            return f"the disk is full; HF_HUB_CACHE, now {constants.HF_HUB_CACHE}, names another place"
        case _:
            return f"{otherwise} ({str(error).partition(chr(10))[0] or type(error).__name__})"


class _LoggedProgress(tqdm):  # type: ignore[misc]  # it has no types
    """Log lines instead of a bar: where services run, nobody looks at a terminal."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._logged, self._logged_at = 0, time.monotonic()
        super().__init__(*args, **{**options, "disable": False, "file": io.StringIO(), "mininterval": 1.0})

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Say how far it is, from time to time and at the end."""
        if self.unit != "B" or not self.total or self._is_twin or self.n == self._logged:
            return
        now = time.monotonic()
        if self.n >= self.total or now - self._logged_at > _LOG_PERIOD:
            self._logged, self._logged_at = self.n, now
            _log.info("fetching", percent=int(100 * self.n / self.total), bytes=int(self.n), of_bytes=int(self.total))

    @property
    def _is_twin(self) -> bool:
        """The client counts the same bytes twice: as they come, and as they are written."""
        return str(self.desc).startswith("Reconstruct")
