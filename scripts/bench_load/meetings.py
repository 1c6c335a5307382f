"""A long list of meetings, made in the database at once, and what it is asked for."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg

from services.gateway.pages import Cursor

_ROWS = Path(__file__).with_name("meetings.sql")


@dataclass(frozen=True)
class Meeting:
    """One row of the list."""

    id: UUID
    run_id: UUID
    created_at: datetime.datetime

    @property
    def cursor(self) -> Cursor:
        """Of the page that begins after it."""
        return Cursor(self.created_at, self.id)


def fill_list(postgres_url: str, count: int) -> None:
    """Add meetings that have ended until there are so many."""
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM meetings").fetchone()
        assert row is not None
        if (missing := count - int(row[0])) > 0:
            connection.execute(_ROWS.read_text("utf-8").replace("%(meetings)s", str(missing)).encode())


def meetings_at(postgres_url: str, shares: Sequence[float]) -> list[Meeting]:
    """The meetings at these places of the list, newest first: 0 is its beginning, 1 its end."""
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT id, current_run_id, created_at FROM meetings WHERE deleted_at IS NULL"
            " ORDER BY created_at DESC, id DESC"
        ).fetchall()
    return [Meeting(*rows[round(share * (len(rows) - 1))]) for share in shares]
