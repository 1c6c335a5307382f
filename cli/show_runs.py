"""How the runs of a meeting look at a terminal."""

from collections.abc import Iterator, Mapping, Sequence

from cli.answers.runs import Run
from cli.run_names import short_ids


def runs_lines(runs: Sequence[Run]) -> Iterator[str]:
    """One line each, as the list of meetings has them."""
    ids, by_id = short_ids(runs), {one.run_id: one for one in runs}
    for one in runs:
        mark = "*" if one.is_current else " "
        made = _made(one, by_id.get(one.origin_run_id or ""), ids)
        yield f"{mark} {ids[one.run_id]}  {one.created_at:%Y-%m-%d %H:%M:%S}  {one.status:<10}  {made}"


def _made(run: Run, origin: Run | None, ids: Mapping[str, str]) -> str:
    """From what the run was made, what was asked for differently, and why it failed."""
    parts = ["from the recording"]
    if origin is not None:
        names = dict.fromkeys((*run.settings, *origin.settings))
        parts = [f"from {run.from_stage} of {ids[origin.run_id]}"]
        parts += [_setting(name, run) for name in names if run.settings.get(name) != origin.settings.get(name)]
        if run.personas != origin.personas:
            parts.append(f"for {', '.join(run.personas)}")
    if run.error is not None:
        parts.append(f"{run.error.message} ({run.error.code})")
    return ", ".join(parts)


def _setting(name: str, run: Run) -> str:
    value = run.settings.get(name)
    return f"without {name}" if value is None else f"{name}={value}"
