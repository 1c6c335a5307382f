"""Where the files of a pipeline are, and which revision of each: on this machine, or from the hub."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import yaml

from libs.common.errors import InvalidSettings
from services.diarizer.engines.pyannote.hub import Hub

_CONFIG = "config.yaml"
_CHECKPOINT = "pytorch_model.bin"
_PLDA = ("xvec_transform.npz", "plda.npz")
_SUCCESSOR = "pyannote/speaker-diarization-community-1"
"""Whose models pyannote takes where a pipeline names none."""

_PIPELINES = (
    "pyannote.audio.pipelines.SpeakerDiarization",
    "pyannote.audio.pipelines.speaker_diarization.SpeakerDiarization",
)
_CLUSTERINGS = ("AgglomerativeClustering", "VBxClustering")
"""Those that find the number of speakers themselves."""


@dataclass(frozen=True)
class FoundFile:
    """A file on this machine, and what it is called."""

    path: Path
    name: str
    revision: str

    @property
    def id(self) -> str:
        return f"{self.name}@{self.revision}"


@dataclass(frozen=True)
class PipelineFiles:
    """All that a pipeline is loaded from."""

    pipeline: FoundFile
    config: Mapping[str, Any]
    """As `config.yaml` says."""

    segmentation: FoundFile
    embedding: FoundFile
    plda: Path | None
    """Folder of the PLDA; `None` where the clustering reads none."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What the class of the pipeline is made with."""
        return dict(self.config["pipeline"].get("params") or {})


class _Place(NamedTuple):
    """What a config says about a model: a repository or path, a folder in it, a revision."""

    checkpoint: str
    subfolder: str = ""
    revision: str | None = None


def find_pipeline(name: str, revision: str | None, hub: Hub) -> PipelineFiles:
    """The files of a pipeline that is a folder, a YAML file or a name on the hub.

    Raises:
        EngineUnavailable: The hub does not give a file at the moment.
        InvalidSettings: One is missing, or it is no pipeline that this engine can use.
    """
    home = _Place(str(Path(name).expanduser()) if _is_path(name) else name, revision=revision)
    found = _find(home, _CONFIG, hub)
    config = _read_config(found, name)
    parameters = config["pipeline"].get("params") or {}

    def place(role: str) -> _Place:
        return _place(parameters.get(role, {"checkpoint": _SUCCESSOR, "subfolder": role}), home)

    needs_plda = parameters.get("clustering", "VBxClustering") == "VBxClustering"
    return PipelineFiles(
        pipeline=found,
        config=config,
        segmentation=_find(place("segmentation"), _CHECKPOINT, hub),
        embedding=_find(place("embedding"), _CHECKPOINT, hub),
        plda=_find_plda(place("plda"), hub) if needs_plda else None,
    )


def _is_path(name: str) -> bool:
    return name.startswith(("/", ".", "~")) or name.endswith((".yaml", ".yml")) or Path(name).exists()


def _read_config(found: FoundFile, name: str) -> dict[str, Any]:
    try:
        config = yaml.safe_load(found.path.read_text())
        kind, clustering = config["pipeline"]["name"], (config["pipeline"].get("params") or {}).get("clustering")
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InvalidSettings(f"PYANNOTE_PIPELINE: {found.path} describes no pipeline of pyannote") from error
    if kind not in _PIPELINES:
        raise InvalidSettings(f"PYANNOTE_PIPELINE: {name} is a {kind}; this engine runs {_PIPELINES[0]} only")
    if clustering not in (None, *_CLUSTERINGS):
        raise InvalidSettings(
            f"PYANNOTE_PIPELINE: {name} asks for {clustering}; choose one of {', '.join(_CLUSTERINGS)}"
        )
    return dict(config)


def _place(said: object, home: _Place) -> _Place:
    """Where a model is, from any of the ways in which a config can say it."""
    if isinstance(said, str) and said.startswith("$model/"):
        subfolder, _, revision = said.removeprefix("$model/").partition("@")
        return _Place(str(_folder(home.checkpoint)), subfolder, revision or home.revision)
    if isinstance(said, str):
        name, _, revision = said.partition("@")
        return _Place(said) if _is_path(said) else _Place(name, "", revision or None)
    if isinstance(said, Mapping) and "checkpoint" in said:
        return _Place(str(said["checkpoint"]), str(said.get("subfolder") or ""), said.get("revision"))
    raise InvalidSettings(f"PYANNOTE_PIPELINE: {home.checkpoint} does not say where its models are: {said}")


def _find_plda(place: _Place, hub: Hub) -> Path:
    transform, _ = (_find(place, name, hub) for name in _PLDA)
    return transform.path.parent


def _folder(checkpoint: str) -> str | Path:
    return Path(checkpoint).parent if Path(checkpoint).is_file() else checkpoint


def _find(place: _Place, name: str, hub: Hub) -> FoundFile:
    inside = str(PurePosixPath(place.subfolder, name))
    if _is_path(place.checkpoint):
        return _find_here(place, inside)
    found = hub.file(place.checkpoint, inside, place.revision)
    return FoundFile(found.path, name=str(PurePosixPath(place.checkpoint, place.subfolder)), revision=found.commit)


def _find_here(place: _Place, inside: str) -> FoundFile:
    root = Path(place.checkpoint)
    path = root if root.is_file() else root / inside
    if not path.is_file():
        raise InvalidSettings(
            f"{path} is missing, so PYANNOTE_PIPELINE holds no whole pipeline: copy all of its files, "
            f"config.yaml and a {_CHECKPOINT} per model, or set a name on the hub"
        )
    if place.revision is not None:
        raise InvalidSettings(f"PYANNOTE_REVISION is for pipelines of the hub, and {root} is on this machine: unset it")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return FoundFile(path, name=path.parent.resolve().name, revision=digest[:12])
