"""Personas: for whom minutes are written. One YAML file each; the file's name is the persona's id."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml
from pydantic import ConfigDict, Field, ValidationError

from libs.common.errors import InvalidSettings, PipelineError
from libs.common.minutes import Part
from libs.common.speech import Frozen

SHIPPED_PERSONAS = Path(__file__).parent / "shipped_personas"
"""The files that come with Hansard: both the gateway, which checks requests, and the summarizer read them."""


class UnknownPersona(PipelineError):
    """Minutes were asked for somebody whom no persona file describes."""

    code = "unknown_persona"


class _Strict(Frozen):
    """A misspelt field is an error: a file is written by hand."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SectionWish(_Strict):
    """A part that only this persona wants: an extension of the common schema."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=1)
    instructions: str = Field(min_length=1)
    """For engines that read."""

    terms: tuple[str, ...] = Field(min_length=1)
    """For engines that count: a sentence with one of these words or phrases belongs here."""


class Extraction(_Strict):
    """How an extractive engine serves this persona."""

    summary_sentences: int = Field(default=5, ge=1)
    """For a meeting of half an hour; one more for each further half hour."""

    focus_terms: tuple[str, ...] = ()
    """Words and phrases that make a sentence matter to this reader."""


class Persona(_Strict):
    """A reader of minutes, and what that reader wants."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    instructions: str = Field(min_length=1)
    """The part of the prompt that is this persona's own."""

    parts: tuple[Part, ...] = Field(min_length=1)
    """In the order of reading; a part that is not named is left out."""

    sections: tuple[SectionWish, ...] = ()
    extraction: Extraction = Extraction()

    @property
    def digest(self) -> str:
        """SHA-256 of the content: its version."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Personas:
    """All personas of a folder, by id."""

    def __init__(self, personas: Iterable[Persona]) -> None:
        self._personas = {one.id: one for one in personas}

    @property
    def ids(self) -> tuple[str, ...]:
        """Sorted."""
        return tuple(sorted(self._personas))

    def __iter__(self) -> Iterator[Persona]:
        return (self._personas[one] for one in self.ids)

    def get(self, persona_id: str) -> Persona:
        """The persona of that id.

        Raises:
            UnknownPersona: There is none; the text says which there are.
        """
        try:
            return self._personas[persona_id]
        except KeyError:
            raise UnknownPersona(f"no persona is called {persona_id!r}; there are {', '.join(self.ids)}") from None


def load_personas(folder: Path) -> Personas:
    """Read all persona files of a folder.

    Raises:
        InvalidSettings: There is none, or one is wrong; the text names the file and the field.
    """
    personas = Personas(_load(path) for path in sorted(folder.glob("*.yaml")))
    if not personas.ids:
        cure = "set PERSONAS_DIR to a folder that does, or unset it"
        raise InvalidSettings(f"{folder} holds no persona (*.yaml): {cure}")
    return personas


def _load(path: Path) -> Persona:
    try:
        return Persona.model_validate({**yaml.safe_load(path.read_text("utf-8")), "id": path.stem})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise InvalidSettings(f"persona file {path}: {faults}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError) as error:
        raise InvalidSettings(f"persona file {path} cannot be read: {error}") from error
