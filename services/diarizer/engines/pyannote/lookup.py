"""Whether the files of a pipeline are here or could be had, without fetching any."""

from dataclasses import dataclass

from services.diarizer.engines.pyannote.files import PipelineFiles, find_pipeline
from services.diarizer.engines.pyannote.hub import Hub


@dataclass(frozen=True)
class Fetchable:
    """The hub would give it."""

    repository: str


class _Missing(Exception):
    """Not in the cache, and the hub would give it."""


class _Asking(Hub):
    """Asks for files and leaves them there."""

    def fetched(self, repository: str, name: str, revision: str | None) -> None:  # type: ignore[override]
        self.ask(repository, name, revision)
        raise _Missing(repository)


def look(name: str, revision: str | None, token: str | None) -> PipelineFiles | Fetchable:
    """The files that are here, or the first repository that would have to be fetched.

    Raises:
        EngineUnavailable: The hub is out of order or out of reach.
        InvalidSettings: They cannot be had; the text says what to do.
    """
    try:
        return find_pipeline(name, revision, _Asking(token))
    except _Missing as missing:
        return Fetchable(str(missing))
