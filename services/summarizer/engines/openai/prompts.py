"""Prompts: files with `$names` where the reader and the meeting come in, versioned by their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from libs.common.errors import InvalidSettings

_NAMES: Mapping[str, frozenset[str]] = {
    "section": frozenset({"title", "instructions", "wishes", "part"}),
    "merge": frozenset({"title", "instructions"}),
    "schema": frozenset({"schema"}),
    "repair": frozenset({"faults"}),
}
"""Each file, and the names that it may use."""


@dataclass(frozen=True)
class Prompts:
    """The prompts of one folder."""

    texts: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 of all files: their version."""
        whole = "\0".join(f"{name}\0{text}" for name, text in sorted(self.texts.items()))
        return hashlib.sha256(whole.encode()).hexdigest()

    def fill(self, name: str, **values: str) -> str:
        """A prompt with its names filled in."""
        return Template(self.texts[name]).substitute(values).strip()


def load_prompts(folder: Path) -> Prompts:
    """Read the prompts of a folder.

    Raises:
        InvalidSettings: One is missing, or uses a name that nobody fills in.
    """
    return Prompts({name: _read(folder / f"{name}.md", names) for name, names in _NAMES.items()})


def _read(path: Path, names: frozenset[str]) -> str:
    try:
        text = path.read_text("utf-8")
        Template(text).substitute(dict.fromkeys(names, ""))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"prompt {path} cannot be read: {error}") from error
    except (KeyError, ValueError) as error:
        known = ", ".join(f"${name}" for name in sorted(names))
        raise InvalidSettings(f"prompt {path} may use {known} and, for a dollar, $$: {error}") from error
    return text
