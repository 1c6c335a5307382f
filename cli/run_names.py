"""Runs by the names that people use: the beginning of an id, `current`, `newest` or `origin`."""

from collections.abc import Sequence

from cli.answers.runs import Run
from cli.errors import RunNotNamed

_SHORTEST = 8
WORDS = "the beginning of an id, or `current`, `newest` or `origin` (the one that was replayed)"


def find_run(runs: Sequence[Run], name: str, *, replayed_by: Run | None = None) -> Run:
    """The run of that name; `origin` is the one that `replayed_by`, or else the current one, replays.

    Args:
        runs: All of the meeting, newest first.
        name: As a person gave it.
        replayed_by: Which run's origin is meant.

    Raises:
        RunNotNamed: No run is called so, or more than one.
    """
    if not name.strip():
        raise RunNotNamed(f"the name of the run is empty; a run is named by {WORDS}")
    if name == "newest":
        return runs[0]
    current = next(one for one in runs if one.is_current)
    if name == "current":
        return current
    if name == "origin":
        return _origin(runs, replayed_by or current)
    found = [one for one in runs if one.run_id.startswith(name.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise RunNotNamed(f"{name} is the beginning of {len(found)} runs: {', '.join(one.run_id for one in found)}")
    raise RunNotNamed(f"the meeting has no run {name}; a run is named by {WORDS}. See `hansard runs`")


def short_ids(runs: Sequence[Run]) -> dict[str, str]:
    """Run id → as much of it as tells it from the others."""
    length = _SHORTEST
    while len({one.run_id[:length] for one in runs}) < len(runs):
        length += 1
    return {one.run_id: one.run_id[:length] for one in runs}


def _origin(runs: Sequence[Run], run: Run) -> Run:
    origin = next((one for one in runs if one.run_id == run.origin_run_id), None)
    if origin is None:
        raise RunNotNamed(f"run {run.run_id} replays no other: name the run to compare with")
    return origin
