"""Following a meeting from stage to stage until it ends."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from cli.answers.meetings import MeetingStatus
from cli.client import Gateway
from cli.errors import MeetingFailed
from cli.show import stage_line, stages_table

_INTERVAL = 0.5


def follow(gateway: Gateway, meeting_id: str, console: Console, *, run_id: str | None = None) -> MeetingStatus:
    """Show the stages as they go on: a live table at a terminal, one line per finished stage elsewhere.

    `run_id`: the run to follow; otherwise the current one, whichever that is.

    Raises:
        MeetingFailed: It ended without a transcript, or was cancelled.
    """
    status = (
        _follow_live(gateway, meeting_id, console, run_id)
        if console.is_terminal
        else _follow_lines(gateway, meeting_id, console, run_id)
    )
    if status.status != "completed":
        raise MeetingFailed(status, run_id)
    return status


@contextmanager
def says_how_to_return(meeting_id: str, console: Console, *, run_id: str | None = None) -> Iterator[None]:
    """Name what was accepted; whoever stops waiting is told that it goes on, and how to come back to it."""
    subject = f"Run {run_id} of meeting {meeting_id}" if run_id else f"Meeting {meeting_id}"
    named = f"{meeting_id} --run {run_id}" if run_id else meeting_id
    console.print(f"{subject}: accepted.", highlight=False, soft_wrap=True)
    try:
        yield
    except KeyboardInterrupt:
        text = f"hansard: the meeting goes on: hansard status {named} --follow (hansard cancel {named} stops it)"
        console.print(text, highlight=False, soft_wrap=True)
        raise


def _follow_live(gateway: Gateway, meeting_id: str, console: Console, run_id: str | None) -> MeetingStatus:
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            status = gateway.status(meeting_id, run_id)
            live.update(stages_table(status))
            if status.is_final:
                return status
            time.sleep(_INTERVAL)


def _follow_lines(gateway: Gateway, meeting_id: str, console: Console, run_id: str | None) -> MeetingStatus:
    said: set[str] = set()
    while True:
        status = gateway.status(meeting_id, run_id)
        for name, stage in status.stages.items():
            if stage.status in {"completed", "failed"} and name not in said:
                said.add(name)
                console.print(stage_line(name, stage), markup=False)
        if status.is_final:
            return status
        time.sleep(_INTERVAL)
