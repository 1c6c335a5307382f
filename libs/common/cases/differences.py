"""What sets two outcomes of one unit apart: their events, and the artifacts that these name, down to single values.

Artifacts lie under random keys, so keys are not compared but what lies under them. How long the work took, how many
attempts it needed, what it cost and whether an answer came out of the cache are circumstances, not results.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import TypeGuard

from libs.common.cases.contents import is_key, subject_prefix
from libs.common.outcome import Outcome
from libs.common.speech import Frozen

TOLERANCE = 1e-6
"""Numbers that are closer than this, absolutely or relatively, are the same: machines round differently."""

ONLY_RECORDED, ONLY_REPLAYED = "only recorded", "only replayed"

EVENTS_DIFFER = "events"
"""Where streams are not as they were recorded; both sides are lists of their names."""

_CIRCUMSTANCES = frozenset({"attempts", "is_cached", "usage"})

Json = object


class Difference(Frozen):
    """One place in which the replay is not as it was recorded."""

    where: str
    """Stream or artifact, and the path in it: `speakers.json: decisions[0].score`."""

    recorded: Json = None
    replayed: Json = None
    note: str = ""
    """How large it is, or what is only on one side."""


class Comparison:
    """Compares outcomes of units whose objects lie in one folder."""

    def __init__(self, objects: Path, folder: str) -> None:
        """`objects`: the root of the store; `folder`: where the run's objects are."""
        self._objects = objects
        self._prefix = subject_prefix(folder)

    def differences(self, recorded: Outcome, replayed: Outcome) -> list[Difference]:
        """All of them, in the order of the events."""
        found = list(self._values("status", recorded.status, replayed.status))
        found += self._report(recorded, replayed)
        streams = [[one.stream for one in outcome.published] for outcome in (recorded, replayed)]
        if streams[0] != streams[1]:
            return [*found, Difference(where=EVENTS_DIFFER, recorded=streams[0], replayed=streams[1])]
        for old, new in zip(recorded.published, replayed.published, strict=True):
            found += self._values(f"{old.stream}:", old.body, new.body)
        return found

    def _report(self, recorded: Outcome, replayed: Outcome) -> Iterator[Difference]:
        fields = {"engine", "warnings"}
        if recorded.status == "finished":
            fields.add("given_up")  # a failure says the same in its event
        old, new = (one.report.model_dump(mode="json", include=fields) for one in (recorded, replayed))
        yield from self._values("report:", old, new)

    def _values(self, where: str, old: Json, new: Json) -> Iterator[Difference]:
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self._mappings(where, old, new)
        elif isinstance(old, list) and isinstance(new, list):
            yield from self._lists(where, old, new)
        elif self._is_key(old) and self._is_key(new):
            yield from self._objects_under(old, new)
        else:
            yield from _scalars(where, old, new)

    def _mappings(self, where: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Difference]:
        for name in dict.fromkeys([*old, *new]):
            at = f"{where} {name}" if where.endswith(":") else f"{where}.{name}"
            if name in _CIRCUMSTANCES:
                continue
            if name not in new:
                yield Difference(where=at, recorded=old[name], note=ONLY_RECORDED)
            elif name not in old:
                yield Difference(where=at, replayed=new[name], note=ONLY_REPLAYED)
            else:
                yield from self._values(at, old[name], new[name])

    def _lists(self, where: str, old: Sequence[Json], new: Sequence[Json]) -> Iterator[Difference]:
        if len(old) != len(new):
            yield from self._aligned(where, old, new)
        elif _is_vector(old) and _is_vector(new):
            yield from _vectors(where, old, new)
        else:
            for index, (one, other) in enumerate(zip(old, new, strict=True)):
                yield from self._values(f"{where}[{index}]", one, other)

    def _aligned(self, where: str, old: Sequence[Json], new: Sequence[Json]) -> Iterator[Difference]:
        """Lists of unequal lengths: one item more must not make all that follow it differ."""
        matcher = SequenceMatcher(None, _texts(old), _texts(new), autojunk=False)
        for _, first, last, new_first, new_last in matcher.get_opcodes():
            shared = min(last - first, new_last - new_first)
            for offset in range(shared):
                yield from self._values(f"{where}[{first + offset}]", old[first + offset], new[new_first + offset])
            for index in range(first + shared, last):
                yield Difference(where=f"{where}[{index}]", recorded=old[index], note=ONLY_RECORDED)
            for index in range(new_first + shared, new_last):
                yield Difference(where=f"{where}[{index}]", replayed=new[index], note=ONLY_REPLAYED)

    def _is_key(self, value: Json) -> TypeGuard[str]:
        return isinstance(value, str) and is_key(value, self._prefix)

    def _objects_under(self, old: str, new: str) -> Iterator[Difference]:
        if old == new:
            return
        name, paths = new.rpartition("/")[2], (self._objects / old, self._objects / new)
        if not paths[0].is_file():
            yield Difference(where=name, note="the recorded object is not in the case")
        elif name.endswith(".json"):
            yield from self._values(f"{name}:", *(json.loads(path.read_bytes()) for path in paths))
        else:
            yield from _audio(name, *paths)


def _texts(values: Sequence[Json]) -> list[str]:
    return [json.dumps(one, sort_keys=True) for one in values]


def _scalars(where: str, old: Json, new: Json) -> Iterator[Difference]:
    if _is_number(old) and _is_number(new):
        if not _is_close(old, new):
            yield Difference(where=where, recorded=old, replayed=new, note=f"{new - old:+.6g}")
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield Difference(where=where, recorded=old, replayed=new)


def _vectors(where: str, old: Sequence[float], new: Sequence[float]) -> Iterator[Difference]:
    pairs = list(zip(old, new, strict=True))
    if not all(_is_close(one, other) for one, other in pairs):
        furthest = max(abs(one - other) for one, other in pairs)
        yield Difference(where=where, note=f"{len(pairs)} numbers, up to {furthest:.6g} apart")


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_vector(values: Sequence[Json]) -> TypeGuard[Sequence[float]]:
    return len(values) > 1 and all(_is_number(one) for one in values)


def _is_close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _audio(name: str, old: Path, new: Path) -> Iterator[Difference]:
    from libs.common.audio import SAMPLE_RATE_HZ, audio_duration, read_blocks  # noqa: PLC0415 - not every service has it

    durations = audio_duration(old), audio_duration(new)
    if durations[0] != durations[1]:
        gap = round((durations[1] - durations[0]) * SAMPLE_RATE_HZ)
        yield Difference(
            where=f"{name}: duration", recorded=durations[0], replayed=durations[1], note=f"{gap:+d} samples"
        )
        return
    blocks = zip(read_blocks(old, block_seconds=60), read_blocks(new, block_seconds=60), strict=True)
    furthest = max((float(abs(one.samples - other.samples).max()) for one, other in blocks), default=0.0)
    if furthest > 0:
        yield Difference(where=f"{name}: samples", note=f"up to {furthest:.6g} apart, full scale being 1")
