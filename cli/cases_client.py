"""A gateway, as this program fetches cases from it."""

from collections.abc import Mapping
from pathlib import Path

from cli.runs_client import RunsGateway


class CasesGateway(RunsGateway):
    """A gateway from which cases are fetched to the disk, however large they are."""

    def export(self, meeting_id: str, target: Path, *, run_id: str | None, voices: bool, recording: bool) -> None:
        """All runs of a meeting, or one."""
        wishes = {"run": run_id, "voices": _flag(voices), "recording": _flag(recording)}
        self._fetch(f"/api/meetings/{meeting_id}/export", target, wishes)

    def export_unit(self, event: str, target: Path) -> None:
        """What the stage needs that consumes an event, and what became of it; with voices, if they are needed."""
        run, _, name = event.partition("/")
        self._fetch(f"/api/runs/{run}/export", target, {"event": name, "voices": _flag(True)})

    def _fetch(self, path: str, target: Path, params: Mapping[str, str | None]) -> None:
        wishes = {name: value for name, value in params.items() if value is not None}
        with target.open("wb") as file:
            self.download(path, file, params=wishes)


def _flag(value: bool) -> str:
    return "true" if value else "false"
