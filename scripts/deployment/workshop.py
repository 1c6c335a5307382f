"""The steps of a Dockerfile without an engine: the same commands, below a folder instead of in a container."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from scripts.deployment.dockerfile import Instruction, Stage, exec_form
from scripts.deployment.ignored import Context

_OF_THE_IMAGE = re.compile(r"(?<![\w./-])/(?=(?:opt|build|app|var/lib/hansard)\b)")
"""Where an absolute path of the image begins in a command."""

_TO_PIP = re.compile(r"PIP_\w+|\w+_proxy|\w+_PROXY|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|HOME|LANG")
"""What of this machine's environment an installation may see: where packages come from."""

_KEPT_DOWNLOADS = "PIP_NO_CACHE_DIR"
"""The one variable that is not taken over: an image must not keep downloads, a second build here should."""

Say = Callable[[str], None]


class StepFailed(Exception):
    """A command of a Dockerfile ended with an error."""


@dataclass(frozen=True)
class Image:
    """What a build leaves: a folder, and how to start what is in it."""

    root: Path
    folder: Path
    environment: Mapping[str, str]
    command: list[str]
    health_check: list[str]


class Workshop:
    """Builds one image after another below a folder of its own."""

    def __init__(self, context: Path, folder: Path, say: Say) -> None:
        """`context`: what is built from; `folder`: empty, on the disk that hard links of the packages can stay on."""
        self._context = Context(context)
        self._source = context
        self._folder = folder
        self._root = folder / "image"
        self._say = say
        self._arguments: dict[str, str] = {}
        self._environment: dict[str, str] = {}
        self._cwd = self._root

    def build(self, stages: tuple[Stage, ...], arguments: Mapping[str, str]) -> Image:
        """Raises `StepFailed` with what the command said."""
        steps: dict[str, Callable[[Instruction], None]] = {
            "ENV": self._env,
            "WORKDIR": self._workdir,
            "COPY": self._copy,
            "RUN": self._run,
        }
        for number, stage in enumerate(stages):
            self._begin(stages[number - 1].name if number else None)
            for one in stage.instructions:
                if one.name == "ARG":
                    self._arguments.update({**one.assignments, **arguments})
                elif one.name in steps:
                    steps[one.name](one)
        return self._image(stages[-1])

    def _begin(self, previous: str | None) -> None:
        """Put the stage before aside, so that this one has the same paths: a virtual environment knows its own."""
        if previous is not None:
            self._root.rename(self._folder / previous)
        self._root.mkdir(parents=True)
        self._environment, self._arguments, self._cwd = {"PATH": ""}, {}, self._root

    def _env(self, instruction: Instruction) -> None:
        for name, value in instruction.assignments.items():
            if name != _KEPT_DOWNLOADS:
                self._environment[name] = Template(self._here(value)).safe_substitute(self._environment)

    def _workdir(self, instruction: Instruction) -> None:
        self._cwd = Path(self._here(instruction.value))
        self._cwd.mkdir(parents=True, exist_ok=True)

    def _copy(self, instruction: Instruction) -> None:
        if (stage := instruction.comes_from) is not None:
            source = self._folder / stage / instruction.sources[0].lstrip("/")
            shutil.copytree(source, self._here(instruction.target), symlinks=True, copy_function=os.link)
            return
        target = self._cwd / instruction.target
        for source_name in instruction.sources:
            source = self._source / source_name
            files = list(self._context.files(source_name))
            if not files:
                raise StepFailed(f"COPY {source_name}: there is no such file, or .dockerignore keeps it out")
            for file in files:
                inside = file.relative_to(source_name) if source.is_dir() else Path(file.name)
                (target / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self._source / file, target / inside)

    def _run(self, instruction: Instruction) -> None:
        if instruction.value.startswith("useradd "):
            self._say("skipped: useradd, which would add a user to this machine")
            for path in re.findall(r"/var/\S+", instruction.value):
                Path(self._here(path)).mkdir(parents=True, exist_ok=True)
            return
        given = {name: value for name, value in os.environ.items() if _TO_PIP.fullmatch(name)}
        tools = {"PATH": f"{self._tools()}:/usr/bin:/bin"}
        command = ["nice", "sh", "-ec", self._here(instruction.value)]
        environment = {**given, **self._environment, **self._arguments, **tools}
        ran = subprocess.run(command, cwd=self._cwd, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise StepFailed(f"RUN {instruction.value}\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}")

    def _tools(self) -> Path:
        """A folder with the `python` of the base image: the interpreter below this one's virtual environment."""
        folder = self._folder / "tools"
        if not folder.exists():
            folder.mkdir()
            python = folder / "python"
            python.write_text(f'#!/bin/sh\nexec "{sys._base_executable}" "$@"\n', "utf-8")  # type: ignore[attr-defined]
            python.chmod(0o755)
        return folder

    def _here(self, text: str) -> str:
        return _OF_THE_IMAGE.sub(f"{self._root}/", text)

    def _image(self, stage: Stage) -> Image:
        command, check = stage.last("CMD"), stage.last("HEALTHCHECK")
        assert command is not None
        assert check is not None
        return Image(
            root=self._root,
            folder=self._cwd,
            environment=dict(self._environment),
            command=command.words,
            health_check=exec_form(check),
        )
