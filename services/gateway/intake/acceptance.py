"""The beginning of a run: its row, its first fact and the outbox row, written in the accepting transaction."""

import datetime
from uuid import UUID

from libs.common.events import Event, MeetingAccepted, SampleAccepted
from libs.common.outcome import Report
from libs.common.subject import subject_of
from services.gateway.begun import Begun, note
from services.gateway.database import Connection, load_queries

ACCEPT = "accept"
"""The stage under whose name a run's first event is published."""

_SQL = load_queries("acceptance")


async def begin_run(
    connection: Connection, accepted: MeetingAccepted | SampleAccepted, *, began_at: datetime.datetime
) -> None:
    """Write everything from which the line goes on by itself once the transaction is committed."""
    run_id = UUID(accepted.run_id)
    meeting_id, sample_id = _owner(accepted)
    event = accepted.model_dump_json()
    seconds = (datetime.datetime.now(datetime.UTC) - began_at).total_seconds()
    report = Report(started_at=began_at, seconds=max(0.0, seconds), attempts=1)
    owner = accepted.workspace, meeting_id, sample_id, accepted.folder
    fact = accepted.stream, event, report.model_dump_json()
    await connection.execute(_SQL["begin_run"], run_id, *owner, *fact)
    note(Begun(accepted.run_id, subject_of(accepted)))


def _owner(accepted: Event) -> tuple[UUID | None, UUID | None]:
    match accepted:
        case MeetingAccepted():
            return UUID(accepted.meeting_id), None
        case SampleAccepted():
            return None, UUID(accepted.sample_id)
        case _:
            raise TypeError(f"{type(accepted).__name__} begins no run")
