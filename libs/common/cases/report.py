"""What a replay says about itself: for scripts as one JSON document, for people as text."""

import json
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Literal

from libs.common.cases.differences import EVENTS_DIFFER, ONLY_RECORDED, ONLY_REPLAYED, TOLERANCE, Difference
from libs.common.engine import EngineInfo
from libs.common.outcome import GivenUp, Outcome
from libs.common.release import RELEASE
from libs.common.speech import Frozen

DIFFERENT = 6
"""Exit status of a replay that does not come out as it was recorded."""

LEFT = 130
"""Exit status of a replay that was interrupted, or whose debugger was left."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SHOWN = 40
_LONGEST = 60


class Worked(Frozen):
    """How a unit was worked."""

    status: Literal["finished", "failed"]
    seconds: float
    engine: EngineInfo | None
    given_up: GivenUp | None
    """Why the handler's own answer was given up, also where the stage declared another."""

    @classmethod
    def of(cls, outcome: Outcome) -> "Worked":
        """How it was worked, as its outcome says."""
        report = outcome.report
        return cls(status=outcome.status, seconds=report.seconds, engine=report.engine, given_up=report.given_up)

    @property
    def text(self) -> str:
        """One line."""
        parts = [f"{self.status} in {self.seconds:.1f} s"]
        if self.engine is not None:
            parts.append(self.engine.name)
        if self.given_up is not None:
            parts.append(f"{self.given_up.code}: {self.given_up.message}")
        return ", ".join(parts)


class ReplayReport(Frozen):
    """A unit as it was recorded, and as it came out here."""

    unit: str
    event: str
    recorded: Worked | None
    """`None` if nothing was recorded of it yet."""

    replayed: Worked | None
    """`None` if the stage had nothing to say yet: parts are missing that it waits for."""

    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    """What is not in the case although the unit may need it."""

    exported_by: str
    """Release of the gateway that the case is from."""

    release: str = RELEASE
    """Release that replayed it."""

    @property
    def is_different(self) -> bool:
        return bool(self.differences)

    def lines(self) -> Iterator[str]:
        """For a terminal, which a text of the case cannot control."""
        return (_CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", one) for one in self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.unit}, asked for by {self.event}"
        yield f"  recorded  {self.recorded.text if self.recorded else 'nothing yet'}"
        yield f"  replayed  {self.replayed.text if self.replayed else 'nothing to say yet: parts are missing'}"
        if self.exported_by != self.release:
            yield f"Exported by release {self.exported_by}, replayed with {self.release}."
        yield from (f"Note: {one}" for one in self.notes)
        if self.recorded is None:
            yield "There is nothing to compare with."
        elif not self.differences:
            does = "It fails as it was recorded" if self.recorded.status == "failed" else "Identical"
            yield f"{does}: every event and every artifact, numbers to {TOLERANCE:g}."
        else:
            yield f"{len(self.differences)} difference{'s' if len(self.differences) > 1 else ''}:"
            yield from (f"  {_shown(one)}" for one in self.differences[:_SHOWN])
        if len(self.differences) > _SHOWN:
            yield f"  … and {len(self.differences) - _SHOWN} more; --json has them all"


def _shown(one: Difference) -> str:
    if one.note in {ONLY_RECORDED, ONLY_REPLAYED}:
        value = one.recorded if one.note == ONLY_RECORDED else one.replayed
        return f"{one.where}  {one.note}: {_brief(value)}"
    if one.recorded is None and one.replayed is None:
        return f"{one.where}  {one.note}"
    size = f"  ({one.note})" if one.note else ""
    if one.where == EVENTS_DIFFER:
        return f"{one.where}  {_counted(one.recorded)} → {_counted(one.replayed)}{size}"
    return f"{one.where}  {_brief(one.recorded)} → {_brief(one.replayed)}{size}"


def _counted(streams: object) -> str:
    """Streams in the order of their events, those of one stream in a row as one."""
    rows = groupby(streams if isinstance(streams, list) else [streams])
    return ", ".join(f"{len(list(row))} × {stream}" for stream, row in rows) or "none"


def _brief(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
