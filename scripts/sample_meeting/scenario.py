"""What is said in a sample meeting, by whom, with which pauses."""

from pathlib import Path
from typing import Self

import yaml
from pydantic import Field, model_validator

from libs.common.speech import Frozen


class Person(Frozen):
    """One person of the meeting and the synthetic voice that plays them."""

    voice: str
    """Name of a flite voice."""

    level_dbfs: float = Field(lt=0)
    """Root mean square of this person's speech."""


class Scenario(Frozen):
    """A meeting to be made, and the enrolment clips of those whom the system is to know."""

    title: str
    people: dict[str, Person]
    clips: dict[str, str]
    """Name → what the person says for the enrolment."""

    utterances: tuple[tuple[str, float, str], ...]
    """Name, seconds of pause before (negative for an interruption), text."""

    closing_pause: float = Field(ge=0)

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        unknown = ({name for name, _, _ in self.utterances} | self.clips.keys()) - self.people.keys()
        if unknown:
            raise ValueError(f"nobody is called {', '.join(sorted(unknown))}")
        return self

    @property
    def strangers(self) -> tuple[str, ...]:
        """Those who speak without being enrolled."""
        return tuple(name for name in self.people if name not in self.clips)


def read_scenario(path: Path) -> Scenario:
    """The scenario in a YAML file."""
    return Scenario.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
