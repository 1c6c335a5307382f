"""Keeps secrets out of everything that a process says, whichever way they come to be said.

Process-wide, as logs are: a secret can stand in the words of any library, and those can be raised anywhere.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import TextIO
from urllib.parse import quote, unquote

HIDDEN = "***"

_SHORTEST = 6
"""Characters. A shorter value is found in innocent words, and is no secret that would be worth its name."""

_TRIVIAL = frozenset({"changeme", "default", "hansard", "minioadmin", "password", "postgres", "secret"})
"""Of examples and defaults: everybody knows them, and to hide them would hide what the log is about."""

_BETWEEN = re.compile(r"(?<=://)([^\s/?#@:'\"]*):[^\s/?#'\"]+@")
"""User and password in an address, also where they are short or trivial."""

_MASKED = re.compile(r"(?<![^\s'\"*])[^\s'\"*]+\*{3,}[^\s'\"*]*")
"""A key as some servers repeat it: its beginning and its end, with stars between them.

Looked for only where a word begins: from each letter, a long address that somebody asks for would take minutes.
"""

_hidden: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """Hide these values from now on, in every form in which they may be written."""
    for secret in secrets:
        _hidden.update(form for form in _forms(secret) if is_worth_hiding(form))


def hidden() -> tuple[str, ...]:
    """What is hidden, for a process that this one starts."""
    return tuple(_hidden)


def forget(secrets: Iterable[str]) -> None:
    """Hide these no longer."""
    _hidden.difference_update(secrets)


def is_worth_hiding(secret: str) -> bool:
    """Whether a value can be told from innocent words."""
    return len(secret) >= _SHORTEST and secret.lower() not in _TRIVIAL


def redacted(text: str) -> str:
    """The text with `***` in place of every secret; cut a text after this, not before."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _BETWEEN.sub(rf"\1:{HIDDEN}@", text) if "://" in text else text
    return _MASKED.sub(_without_ends, text) if "***" in text else text


class Redacted:
    """A text stream that writes no secrets; the rest is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; what is written in one call must hold its secrets whole."""
        self._stream.write(redacted(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each line."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def _forms(secret: str) -> Iterator[str]:
    """As it is, as an address has it, as JSON and Python's `repr` write it, and line by line."""
    plain = {secret.strip(), unquote(secret).strip()}
    for one in plain | {part.strip() for each in plain for part in each.splitlines()}:
        yield from (one, quote(one, safe=""), json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1])
        yield repr(one)[1:-1]


def _without_ends(found: re.Match[str]) -> str:
    head, tail = re.split(r"\*+", found.group(), maxsplit=1)
    end = tail.rstrip(".,;:)]}")
    is_key = any(one.startswith(head) and one.endswith(end) for one in _hidden if head or end)
    return HIDDEN + tail[len(end) :] if is_key else found.group()
