"""How the line, its events and what was given up look at a terminal."""

from collections.abc import Iterable, Iterator
from itertools import compress

from rich.console import JustifyMethod
from rich.table import Table

from cli.answers.pipeline import DeadLetter, Event, PastEvent, Pipeline, RetriedLetters, Stage, TailedEvent

_COLUMNS = {
    "stage": 0, "waiting": 0, "in\nwork": 0, "delayed": 70, "oldest": 70, "tries\n×units": 80, "workers": 0,
    "done in\n1/5/15 min": 80, "put\nback": 70, "dead": 0, "median s": 100, "p95 s": 100, "engine": 120,
    "entries": 130, "KiB": 130,
}  # fmt: skip
"""Heading → how wide a terminal must be to show it."""

_TEXTS = {"stage", "engine"}
_SPANS = ((86400.0, "d"), (3600.0, "h"), (60.0, "m"))


def streams_table(pipeline: Pipeline, *, width: int) -> Table:
    """One line per stage, of as much as fits."""
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    shown = [width >= least for least in _COLUMNS.values()]
    for heading in compress(_COLUMNS, shown):
        justify: JustifyMethod = "left" if heading in _TEXTS else "right"
        table.add_column(heading, justify=justify, vertical="bottom", overflow="fold")
    for name, stage in pipeline.stages.items():
        table.add_row(*compress([name, *_queue(stage), *_work(stage), *_makers(stage), *_size(stage)], shown))
    return table


def tail_line(event: TailedEvent) -> str:
    """One line for an event that happens."""
    again = [f"again, {_count(event.spent, 'attempt')} spent"] if event.is_again else []
    begin = [f"{event.at.astimezone():%H:%M:%S.%f}"[:12], event.event, f"{event.seconds:.2f} s"]
    return "  ".join([*begin, *again, *_notes(event)])


def history_lines(events: Iterable[PastEvent]) -> Iterator[str]:
    """One line for each event that happened: when, how long after the one before, how long it waited and worked."""
    for number, one in enumerate(events):
        if number == 0:
            yield f"{'since start':>11}  {'after':>9}  {'queued':>9}  {'worked':>9}  event"
        times = (one.since_start, one.since_previous, one.queued, one.seconds)
        shown = [
            f"{'' if seconds is None else f'{seconds:.2f} s':>{width}}"
            for seconds, width in zip(times, (11, 9, 9, 9), strict=True)
        ]
        yield "  ".join([*shown, one.event, *_notes(one), *(["reused"] if one.worked_in else [])])


def letter_line(letter: DeadLetter) -> str:
    """One line for a unit that was given up."""
    how = "fell back" if letter.kind == "fell_back" else letter.kind
    what = f"{how}, {_count(letter.attempts, 'attempt')}: {letter.message} ({letter.code})"
    return "  ".join([f"{letter.at.astimezone():%Y-%m-%d %H:%M}", letter.event, *_owner(letter), what])


def _owner(letter: DeadLetter) -> Iterator[str]:
    """Whose recording it was, by the id that other commands take."""
    if letter.meeting_id is not None:
        name = letter.title or letter.filename
        yield f"meeting {letter.meeting_id}{f' ({name})' if name else ''}"
    elif letter.speaker_id is not None:
        name = letter.speaker_name
        yield f"speaker {letter.speaker_id}{f' ({name})' if name else ''}"


def retried_lines(answer: RetriedLetters) -> Iterator[str]:
    """Which run does which again, or why none does."""
    for run in answer.runs:
        if run.error is not None:
            yield f"{run.origin_run_id} stays: {run.error.message} ({run.error.code})"
        for event in run.events:
            yield f"{event} would be retried" if run.run_id is None else f"{event} is done again by run {run.run_id}"


def _queue(stage: Stage) -> list[str]:
    queue = stage.queue
    if queue is None:
        return ["?"] * 5
    oldest = "" if queue.oldest is None else _span(queue.oldest)
    attempts = f"{queue.attempts}×{queue.repeated}" if queue.repeated else str(queue.attempts or "")
    return [str(queue.waiting), str(queue.pending), str(queue.delayed), oldest, attempts]


def _span(seconds: float) -> str:
    """As `hansard tail --since` takes it."""
    for length, unit in _SPANS:
        if seconds >= 2 * length:
            return f"{seconds // length:.0f}{unit}"
    return f"{seconds:.0f}s"


def _work(stage: Stage) -> list[str]:
    done = f"{stage.throughput.last_minute}/{stage.throughput.last_5_minutes}/{stage.throughput.last_15_minutes}"
    return [str(len(stage.workers)), done, str(stage.put_backs.inputs), str(stage.dead)]


def _makers(stage: Stage) -> list[str]:
    engines = sorted({one.engine for one in stage.workers if one.engine})
    seconds = stage.throughput.median_seconds, stage.throughput.percentile_95_seconds
    return [*("" if one is None else f"{one:.{2 if one < 10 else 0}f}" for one in seconds), ", ".join(engines)]


def _size(stage: Stage) -> list[str]:
    if stage.queue is None:
        return ["?", "?"]
    return [str(stage.queue.length), f"{stage.queue.memory_bytes / 1024:.0f}"]


def _notes(event: Event) -> Iterator[str]:
    if event.engine:
        yield event.engine
    if event.attempts > 1:
        yield f"attempt {event.attempts}"
    if event.given_up is not None:
        yield f"given up: {event.given_up.message} ({event.given_up.code})"
    else:
        yield from _warnings(event)


def _warnings(event: Event) -> Iterator[str]:
    """Those of the unit, which each of its events has: shown with the first."""
    if event.event.endswith("#0"):
        yield from (f"warning: {code}" for code in dict.fromkeys(one.code for one in event.warnings))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
