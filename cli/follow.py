"""Following a meeting from stage to stage until it ends."""

import time

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
        raise MeetingFailed(status)
    return status


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
