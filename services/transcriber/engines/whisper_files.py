"""Where the files of a Whisper model are, and whether they are all there and whole."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from faster_whisper.utils import _MODELS, available_models

from libs.common.errors import EngineUnavailable, InvalidSettings
from services.transcriber.engines.whisper_hub import (
    WANTED,
    cached_snapshot,
    discard,
    fetch_snapshot,
    how_by_hand,
    stated_digests,
)

_NEEDED = ("config.json", "model.bin", "tokenizer.json")
_READ_BYTES = 1024 * 1024
_SHA256_DIGITS = 64

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ModelFiles:
    """A model on this machine."""

    folder: Path
    name: str

    revision: str
    """The hub's commit, or the digest of the weights."""


def find_model(model: str, *, token: str | None = None) -> ModelFiles:
    """A folder, or a model that is in the cache or comes from the hub.

    Raises:
        EngineUnavailable: The hub gives none or a damaged one at the moment; the text says what to do.
        InvalidSettings: It cannot be had, or is not whole; the text says what to do.
    """
    if is_folder(model):
        return _in_folder(folder_of(model))
    repository = repository_of(model)
    return cached_model(repository) or fetch_model(repository, token=token)


def is_folder(model: str) -> bool:
    """Whether it means a place on the disk; a name with a slash in it may be a repository of the hub."""
    return model.startswith(("/", ".", "~")) or Path(model).is_dir()


def folder_of(model: str) -> Path:
    """The place that it means."""
    return Path(model).expanduser()


def repository_of(model: str) -> str:
    """The repository of the hub that a name means.

    Raises:
        InvalidSettings: It means none.
    """
    repository = model if "/" in model else _MODELS.get(model)
    if repository is None:
        raise InvalidSettings(
            f"WHISPER_MODEL is {model}, which is neither a folder nor a name that is known; there are "
            f"{', '.join(available_models())}, and every repository of the hub as owner/name"
        )
    return repository


def cached_model(repository: str) -> ModelFiles | None:
    """A model that was fetched before, if it is whole; what is damaged is removed, to be fetched again."""
    folder = cached_snapshot(repository)
    if folder is None or missing_files(folder):
        return None
    damaged = _damaged(repository, folder)
    if damaged:
        _log.warning("removed damaged files of a model from the cache", repository=repository, files=damaged)
        discard(folder, damaged)
        return None
    return ModelFiles(folder=folder, name=repository, revision=folder.name)


def fetch_model(repository: str, *, token: str | None) -> ModelFiles:
    """Fetch a model, and compare what came with what the hub states of it.

    Raises:
        EngineUnavailable: It does not come, or came damaged; the text says how to get it by hand.
        InvalidSettings: It cannot be had, or is no such model; the text says what to do.
    """
    folder = fetch_snapshot(repository, token=token)
    if missing := missing_files(folder):
        raise InvalidSettings(
            f"{repository} has no {' and no '.join(missing)}, so it is no Whisper model for CTranslate2: convert it "
            f"(ct2-transformers-converter --model {repository} --output_dir <folder> --copy_files tokenizer.json "
            "preprocessor_config.json) and set WHISPER_MODEL=<folder>"
        )
    if damaged := _damaged(repository, folder):
        discard(folder, damaged)
        raise EngineUnavailable(
            f"what came of {repository} is not what the hub states ({', '.join(damaged)} has another digest) and was "
            f"removed: start again, or {how_by_hand(repository)}"
        )
    _log.info("model fetched and verified", repository=repository, revision=folder.name)
    return ModelFiles(folder=folder, name=repository, revision=folder.name)


def missing_files(folder: Path) -> list[str]:
    """What a model for CTranslate2 needs and the folder lacks."""
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    return missing if any(folder.glob("vocabulary.*")) else [*missing, "vocabulary.json"]


def _in_folder(folder: Path) -> ModelFiles:
    if not folder.is_dir():
        raise InvalidSettings(
            f"WHISPER_MODEL is {folder}, and there is no such folder: set it to the folder of a CTranslate2 model, "
            "or to a name such as small, which is fetched; or set TRANSCRIBER_ENGINE=pocketsphinx"
        )
    if missing := missing_files(folder):
        raise InvalidSettings(
            f"the Whisper model in {folder} lacks {', '.join(missing)}: WHISPER_MODEL needs a folder with all files "
            f"of a CTranslate2 model ({', '.join(WANTED)}), as hf download Systran/faster-whisper-small --local-dir "
            f"{folder} brings them; or set TRANSCRIBER_ENGINE=pocketsphinx"
        )
    return ModelFiles(
        folder=folder, name=folder.resolve().name, revision=f"sha256-{_sha256(folder / 'model.bin')[:16]}"
    )


def _damaged(repository: str, folder: Path) -> Sequence[str]:
    """The files that are not what the hub stated when they were fetched."""
    stated = stated_digests(repository, folder.name)
    return [name for name, digest in stated.items() if (folder / name).is_file() and not _has(folder / name, digest)]


def _has(path: Path, digest: str) -> bool:
    """Large files have a SHA-256; small ones, which the hub keeps in git itself, the digest that git gives them."""
    if len(digest) == _SHA256_DIGITS:
        return _sha256(path) == digest
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == digest


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_READ_BYTES):
            digest.update(part)
    return digest.hexdigest()
