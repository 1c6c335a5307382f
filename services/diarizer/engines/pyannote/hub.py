"""Files of the Hugging Face hub: those in its cache as they are, others fetched; a refusal says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx2
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    XetDownloadError,
)

from libs.common.errors import InvalidSettings
from libs.common.model_hub import answer_of, hub_error

PAGES = "https://huggingface.co"
_TOKENS_PAGE = f"{PAGES}/settings/tokens"

_GATED_TOGETHER = ("pyannote/speaker-diarization-3.1", "pyannote/segmentation-3.0")
"""The default pipeline needs the terms of both."""

_Errors = (HfHubHTTPError, httpx2.HTTPError, XetDownloadError, OSError, RuntimeError)
"""What a fetch that fails can raise."""


@dataclass(frozen=True)
class HubFile:
    """A file in the cache of the hub."""

    path: Path
    commit: str


class Hub:
    """Finds files of repositories; what is in the cache needs neither network nor token."""

    def __init__(self, token: str | None, *, endpoint: str | None = None, cache: Path | None = None) -> None:
        """`endpoint`, `cache`: as `HF_ENDPOINT` and `HF_HUB_CACHE` say, where they are not given."""
        self._token = token
        self._endpoint = endpoint
        self._cache = cache

    def file(self, repository: str, name: str, revision: str | None = None) -> HubFile:
        """One file; a branch or tag that was fetched before is not looked up again.

        Raises:
            EngineUnavailable: It is not in the cache, and the hub is out of order or out of reach.
            InvalidSettings: It is not in the cache and cannot be fetched.
        """
        try:
            cached = try_to_load_from_cache(repository, name, cache_dir=self._cache, revision=revision)
        except HFValidationError as error:
            raise InvalidSettings(
                f"PYANNOTE_PIPELINE: {repository} is neither a folder or file here nor a name on the hub"
            ) from error
        path = Path(cached) if isinstance(cached, str) else self.fetched(repository, name, revision)
        return HubFile(path, commit=path.parents[len(PurePosixPath(name).parts) - 1].name)

    def ask(self, repository: str, name: str, revision: str | None = None) -> None:
        """Whether the hub would give a file.

        Raises:
            EngineUnavailable: It is out of order or out of reach.
            InvalidSettings: It would not; the text says why, and what to do.
        """
        url = hf_hub_url(repository, name, revision=revision, endpoint=self._endpoint)
        with self._refusals(repository, name, revision):
            get_hf_file_metadata(url, token=self._token or False)

    def fetched(self, repository: str, name: str, revision: str | None) -> Path:
        """A file that is not in the cache."""
        # Says at once why a file cannot be had, where a download first tries again for half a minute.
        self.ask(repository, name, revision)
        with self._refusals(repository, name, revision):
            return Path(
                hf_hub_download(
                    repository,
                    name,
                    revision=revision,
                    token=self._token or False,
                    endpoint=self._endpoint,
                    cache_dir=self._cache,
                )
            )

    @contextmanager
    def _refusals(self, repository: str, name: str, revision: str | None) -> Iterator[None]:
        try:
            yield
        except _Errors as error:
            answer = answer_of(error)
            kind = hub_error(answer, status=_status(answer), is_offline=constants.HF_HUB_OFFLINE)
            raise kind(self._refusal(answer, repository, name, revision)) from error

    def _refusal(self, error: Exception, repository: str, name: str, revision: str | None) -> str:
        """Why it was refused, and the cure."""
        status = _status(error)
        if isinstance(error, RevisionNotFoundError):
            return (
                f"{repository} has no revision {revision}: set PYANNOTE_REVISION to one of "
                f"{PAGES}/{repository}/commits/main, or leave it out"
            )
        if isinstance(error, RemoteEntryNotFoundError):
            return f"{repository} holds no {name}, so it is no pipeline or model of pyannote: set PYANNOTE_PIPELINE"
        if status == 401 or isinstance(error, GatedRepoError):
            return self._unauthorized(repository, status)
        if isinstance(error, RepositoryNotFoundError):
            return f"the hub knows no {repository}, or hides it from this token: set PYANNOTE_PIPELINE to another name"
        if status == 403:
            return (
                f"HUGGINGFACE_TOKEN may not read {repository}: give it the right to read gated repositories "
                f"at {_TOKENS_PAGE} ({_first_line(error)})"
            )
        missing = "" if self._token else "; HUGGINGFACE_TOKEN is missing as well, which most pipelines need"
        return _unreachable(error, repository) + missing

    def _unauthorized(self, repository: str, status: int | None) -> str:
        if not self._token:
            return (
                f"HUGGINGFACE_TOKEN is missing, and {repository} is not given to strangers: accept the terms at "
                f"{_terms(repository)}, make a token at {_TOKENS_PAGE} and set HUGGINGFACE_TOKEN"
            )
        if status == 401:
            return f"the hub does not accept HUGGINGFACE_TOKEN: make a new token at {_TOKENS_PAGE}"
        return (
            f"the terms of {repository} are not accepted by the account of HUGGINGFACE_TOKEN: "
            f"accept them at {_terms(repository)}"
        )


def _status(error: Exception) -> int | None:
    return error.response.status_code if isinstance(error, HfHubHTTPError) else None


def _terms(repository: str) -> str:
    together = _GATED_TOGETHER if repository in _GATED_TOGETHER else (repository,)
    return " and ".join(f"{PAGES}/{one}" for one in together)


def _unreachable(error: Exception, repository: str) -> str:
    return (
        f"{repository} cannot be fetched ({_first_line(error)}): let this machine reach {PAGES}; "
        f"or run `hf download {repository}`, and the same for the models that its config.yaml names, where it can be "
        "reached, and copy the cache there (HF_HOME, otherwise ~/.cache/huggingface) to this machine; "
        "or set PYANNOTE_PIPELINE to a folder that holds a pipeline"
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
