"""A unit publishes once; again only after Redis was robbed of what it had published, or the reconciler of its locks."""

import datetime
import itertools
from collections.abc import Iterable, Mapping, Sequence

from chaos.invariants.processes import LogLine
from chaos.strikes import Struck
from libs.common.outcome import Unit

_REDIS_LOSES = {"redis-flushall", "redis-stream-del", "redis-aof-cut", "redis-kill"}
"""A kill, too: while the disk is busy, Redis answers up to two seconds before it writes to its file."""

_LOCKS_ARE_LOST = {"postgres-restart", "postgres-exhausted"}
"""What the reconciler found due while it held them may be published meanwhile."""

_TOLERANCE = datetime.timedelta(seconds=1)
"""Between a publication and the line that says so."""


def check_publications(lines: Iterable[LogLine], struck: Sequence[Struck]) -> list[str]:
    """Publications of one unit with no loss between them."""
    losses = [fault for fault in struck if fault.name in _REDIS_LOSES | _LOCKS_ARE_LOST]
    return [
        f"{unit.id} was published at {earlier} and at {later}, and nothing was lost in between"
        for unit, times in _publications(lines).items()
        for earlier, later in itertools.pairwise(times)
        if not any(earlier - _TOLERANCE <= loss.ended and loss.began <= later for loss in losses)
    ]


def _publications(lines: Iterable[LogLine]) -> Mapping[Unit, Sequence[datetime.datetime]]:
    found: dict[Unit, list[datetime.datetime]] = {}
    for line in lines:
        said = line.fields
        if said.get("message") == "stage done" and said.get("settled") == "published":
            unit = Unit(run_id=str(said["run_id"]), stage=str(said["stage"]), part=str(said.get("part", "")))
            found.setdefault(unit, []).append(datetime.datetime.fromisoformat(str(said["timestamp"])))
    return {unit: sorted(times) for unit, times in found.items()}
