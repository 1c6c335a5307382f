"""What a case holds: the zip that `hansard export` writes, and the folder it is unpacked into.

`manifest.json` is its last member, `events.jsonl` has one `RecordedEvent` a line, and `objects/` is laid out like the
object store.
"""

import datetime
import re
from collections.abc import Iterator
from typing import Literal

from libs.common.outcome import Report, Unit
from libs.common.speech import Frozen
from libs.common.streams.entry import fact_name

MANIFEST = "manifest.json"
EVENTS = "events.jsonl"
OBJECTS = "objects"

DEAF_STAGES = frozenset({"match", "assemble", "summarize"})
"""They never listen to the recording, although the events name it."""

_KEY_PART = re.compile(r"(?!\.\.?$)[\w.-]{1,200}", re.ASCII)


class RecordedEvent(Frozen):
    """An event of a run, and how the unit that published it was worked."""

    publisher: Unit
    position: int
    siblings: int
    stream: str
    body: dict[str, object]
    report: Report
    recorded_at: datetime.datetime
    worked_in: str | None = None
    """The run that worked the unit, if this one only took its events over."""

    @property
    def name(self) -> str:
        """As `hansard events` prints it."""
        return fact_name(self.publisher, self.position)


class RecordedRun(Frozen):
    """A run whose events the case holds."""

    run_id: str
    folder: str
    """Where its objects are."""

    status: str
    error_code: str | None = None
    error_message: str | None = None
    error_stage: str | None = None
    created_at: datetime.datetime
    ended_at: datetime.datetime | None = None


class Manifest(Frozen):
    """What a case is about, and what is not in it."""

    version: Literal[1] = 1
    release: str
    exported_at: datetime.datetime
    workspace: str
    meeting_id: str | None = None
    sample_id: str | None = None
    runs: tuple[RecordedRun, ...]
    """Oldest first."""

    current_run_id: str | None = None
    event: str | None = None
    """Name of the event whose consumer the case was packed for; `None` if it holds whole runs."""

    has_voices: bool = False
    """Whether the voiceprints of enrolled people are in it."""

    left_out: tuple[str, ...] = ()
    """Keys of recordings that were not wanted."""

    missing: tuple[str, ...] = ()
    """Keys of objects that are no longer in the store."""


def subject_prefix(folder: str) -> str:
    """What the keys of all objects of a meeting or sample begin with, given the folder of one of its runs."""
    kind, subject, _ = folder.split("/", 2)
    return f"{kind}/{subject}/"


def is_key(text: str, prefix: str) -> bool:
    """Whether it names an object below `prefix`; what a client wrote may begin like a key, and lead elsewhere."""
    return text.startswith(prefix) and all(_KEY_PART.fullmatch(part) for part in text.split("/"))


def keys_in(value: object, prefix: str) -> Iterator[str]:
    """The object keys that a JSON value names, those that begin with `prefix`."""
    if isinstance(value, str):
        if is_key(value, prefix):
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from keys_in(item, prefix)
    elif isinstance(value, list):
        for item in value:
            yield from keys_in(item, prefix)
