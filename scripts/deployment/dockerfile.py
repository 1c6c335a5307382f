"""A Dockerfile as its stages and their instructions."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from dockerfile_parse import DockerfileParser  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Instruction:
    """One, with its continued lines joined."""

    name: str
    value: str

    @property
    def words(self) -> list[str]:
        """Of its exec form, otherwise as a shell splits them."""
        return list(map(str, json.loads(self.value))) if self.value.startswith("[") else shlex.split(self.value)

    @property
    def comes_from(self) -> str | None:
        """The stage that a `COPY` takes from; `None`: the folder that is built."""
        found = [word.removeprefix("--from=") for word in self.words if word.startswith("--from=")]
        return found[0] if found else None

    @property
    def sources(self) -> list[str]:
        """What a `COPY` takes."""
        return [word for word in self.words if not word.startswith("--")][:-1]

    @property
    def target(self) -> str:
        """Where a `COPY` puts it."""
        return self.words[-1]

    @property
    def assignments(self) -> dict[str, str]:
        """The variables of an `ENV`, or the one of an `ARG` with a default."""
        return dict(word.split("=", 1) for word in self.words if "=" in word)


@dataclass(frozen=True)
class Stage:
    """From one `FROM` to the next."""

    name: str
    """Without one, the empty text."""

    image: str
    instructions: tuple[Instruction, ...]

    def all(self, name: str) -> Iterator[Instruction]:
        """Its instructions of one name, in their order."""
        return (one for one in self.instructions if one.name == name)

    def last(self, name: str) -> Instruction | None:
        """The one that counts, where one replaces another."""
        return next(iter(reversed(list(self.all(name)))), None)

    @property
    def environment(self) -> dict[str, str]:
        """What it sets, as it stands there."""
        return {name: value for one in self.all("ENV") for name, value in one.assignments.items()}

    @property
    def written_folders(self) -> dict[str, str]:
        """Variable → the folder that what runs in it writes to: for scratch files, and for models that are fetched."""
        return {name: self.environment[name] for name in ("TMPDIR", "HF_HOME") if name in self.environment}


def read_stages(path: Path) -> tuple[Stage, ...]:
    """All stages of a Dockerfile; its last is the image."""
    parser = DockerfileParser(fileobj=BytesIO(path.read_bytes()))
    stages: list[tuple[list[str], list[Instruction]]] = []
    for one in parser.structure:
        if one["instruction"] == "FROM":
            stages.append((one["value"].split(), []))
        elif one["instruction"] != "COMMENT" and stages:
            stages[-1][1].append(Instruction(one["instruction"], one["value"]))
    return tuple(
        Stage(name=words[2] if len(words) == 3 else "", image=words[0], instructions=tuple(instructions))
        for words, instructions in stages
    )


def exec_form(health_check: Instruction) -> list[str]:
    """The command of a `HEALTHCHECK`."""
    return list(map(str, json.loads(health_check.value.partition("CMD ")[2])))
