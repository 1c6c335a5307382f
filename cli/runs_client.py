"""A gateway, as this program talks to it about the runs of a meeting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from cli.answers.comparison import Comparison
from cli.answers.runs import AcceptedRun, Run, RunList
from cli.client import Gateway
from cli.connection import read
from cli.run_names import find_run


@dataclass(frozen=True)
class ReplayWish:
    """How a meeting is to be worked again; `None` leaves the gateway's choice."""

    from_stage: str
    run_id: str | None
    settings: Mapping[str, JsonValue]
    personas: Sequence[str] | None
    current: str | None


class RunsGateway(Gateway):
    """A gateway that knows more than one run of a meeting."""

    def replay(self, meeting_id: str, wish: ReplayWish) -> AcceptedRun:
        """Begin a new run beside the others."""
        body = {
            "from_stage": wish.from_stage,
            "run_id": wish.run_id,
            "settings": dict(wish.settings),
            "personas": list(wish.personas) if wish.personas else None,
            "current": wish.current,
        }
        given = {name: value for name, value in body.items() if value is not None}
        return read(AcceptedRun, self.call("POST", f"/api/meetings/{meeting_id}/replay", json=given))

    def runs(self, meeting_id: str) -> tuple[Run, ...]:
        """All runs of a meeting, newest first."""
        return read(RunList, self.call("GET", f"/api/meetings/{meeting_id}/runs")).runs

    def run_id(self, meeting_id: str, name: str | None) -> str | None:
        """The id of the run that a person named; `None` if none was named.

        Raises:
            RunNotNamed: No run is called so, or more than one.
        """
        return None if name is None else find_run(self.runs(meeting_id), name).run_id

    def make_current(self, meeting_id: str, run_id: str) -> Run:
        """Let a meeting show this run."""
        return read(Run, self.call("PUT", f"/api/meetings/{meeting_id}/runs/current", json={"run_id": run_id}))

    def compare(self, meeting_id: str, before: str, after: str, *, collar: float) -> Comparison:
        """Two runs of a meeting side by side."""
        params = {"before": before, "after": after, "collar": str(collar)}
        return read(Comparison, self.call("GET", f"/api/meetings/{meeting_id}/runs/compare", params=params))
