"""The root span of a run, exported once by whoever sees the run end."""

import uuid

from opentelemetry.trace import Link

from libs.common.tracing.run_trace import root_of
from libs.common.tracing.spans import is_on, root_span
from services.gateway.database import Database, DatabaseUnavailable, load_queries

_SQL = load_queries("spans")


async def export_root(database: Database, run_id: str) -> None:
    """Export the root of a run that has just ended; without Postgres it stays away."""
    if not is_on():
        return
    try:
        row = await database.fetch_one(_SQL["ended_run"], uuid.UUID(run_id))
    except DatabaseUnavailable:
        return
    if row is None or row["ended_at"] is None:
        return
    root_span(
        run_id,
        "sample" if row["meeting_id"] is None else "meeting",
        {
            "hansard.run_id": run_id,
            "hansard.meeting_id": row["meeting_id"] and str(row["meeting_id"]),
            "hansard.sample_id": row["sample_id"] and str(row["sample_id"]),
            "hansard.origin_run_id": row["origin_run_id"] and str(row["origin_run_id"]),
            "hansard.status": row["status"],
        },
        (row["began_at"].timestamp(), row["ended_at"].timestamp()),
        links=(Link(root_of(str(row["origin_run_id"]))),) if row["origin_run_id"] else (),
        error=row["error_code"],
    )
