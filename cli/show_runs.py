"""How the runs of a meeting look at a terminal."""

from collections.abc import Iterator, Mapping, Sequence

from cli.answers.runs import Run
from cli.run_names import short_ids


def runs_lines(runs: Sequence[Run]) -> Iterator[str]:
    """One line each, as the list of meetings has them."""
    ids, by_id = short_ids(runs), {one.run_id: one for one in runs}
    for one in runs:
        mark = "*" if one.is_current else " "
        made = _made(one, _origins(one, by_id), ids)
        yield f"{mark} {ids[one.run_id]}  {one.created_at:%Y-%m-%d %H:%M:%S}  {one.status:<10}  {made}"


def _origins(run: Run, by_id: Mapping[str, Run]) -> Sequence[Run]:
    """The run that this one replays, the one that that one replays, and so on to the first."""
    origins: list[Run] = []
    while origin := by_id.get(run.origin_run_id or ""):
        origins.append(origin)
        run = origin
    return origins


def _made(run: Run, origins: Sequence[Run], ids: Mapping[str, str]) -> str:
    """From what the run was made, what was asked for differently, and why it failed."""
    made = _replayed(run, origins[0], origins[-1], ids) if origins else "from the recording"
    return made if run.error is None else f"{made}, {run.error.message} ({run.error.code})"


def _replayed(run: Run, origin: Run, first: Run, ids: Mapping[str, str]) -> str:
    """What is new against the origin; in brackets what the origin already had other than the first run."""
    names = dict.fromkeys((*run.settings, *origin.settings, *first.settings))
    changed = [name for name in names if run.settings.get(name) != origin.settings.get(name)]
    kept = [name for name in names if name not in changed and run.settings.get(name) != first.settings.get(name)]
    parts = [f"from {run.from_stage} of {ids[origin.run_id]}", *(_setting(name, run) for name in changed)]
    if run.personas != origin.personas:
        parts.append(f"for {', '.join(run.personas)}")
    brackets = f" (kept: {', '.join(_setting(name, run) for name in kept)})" if kept else ""
    return ", ".join(parts) + brackets


def _setting(name: str, run: Run) -> str:
    value = run.settings.get(name)
    return f"without {name}" if value is None else f"{name}={value}"
