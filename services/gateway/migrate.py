"""Bringing the database to the newest schema, safely from several processes at once."""

from pathlib import Path

import psycopg
from psycopg.rows import TupleRow
from yoyo import get_backend, read_migrations
from yoyo.backends import DatabaseBackend
from yoyo.migrations import Migration

from libs.common.errors import InvalidSettings
from services.gateway.database import DatabaseUnavailable

MIGRATIONS = Path(__file__).parents[2] / "migrations"

_LOCK = 4_020_721
"""Key of the advisory lock; any number that no other code of this database uses."""


def apply(postgres_url: str, migrations: Path = MIGRATIONS) -> int:
    """Apply what is missing and say how many migrations that were.

    yoyo's own lock is a row, which stays behind when its process is killed. The advisory lock ends with its
    connection: whoever holds it knows that nobody else migrates, and removes that row.

    Raises:
        DatabaseUnavailable: Postgres does not let anybody in.
        InvalidSettings: The address cannot be read.
    """
    with _connection(postgres_url) as lock:
        lock.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        with get_backend(_yoyo_url(postgres_url)) as backend:
            backend.break_lock()
            missing = backend.to_apply(read_migrations(str(migrations)))
            for migration in missing:
                _apply_one(backend, migration)
            return len(missing)


def _connection(postgres_url: str) -> "psycopg.Connection[TupleRow]":
    try:
        return psycopg.connect(postgres_url, autocommit=True)
    except psycopg.ProgrammingError:  # its text may quote a piece of the password
        raise InvalidSettings(
            "POSTGRES_URL cannot be read: it has a space, a % that begins no %XX, or behind the ? an option that no"
            " connection has"
        ) from None
    except psycopg.OperationalError as error:
        reason = str(error).strip().partition("\n")[0]
        raise DatabaseUnavailable(f"POSTGRES_URL names no Postgres that answers: {reason}") from error


def _apply_one(backend: DatabaseBackend, migration: Migration) -> None:
    """Apply a migration and note that in one transaction: yoyo uses two, and a kill between them ends every start."""
    migration.load()
    if not migration.use_transactions:
        backend.apply_one(migration)
        return
    with backend.transaction():
        migration.process_steps(backend, "apply")
        backend.mark_one(migration)


def _yoyo_url(postgres_url: str) -> str:
    """The same database, by the driver that is installed."""
    return "postgresql+psycopg://" + postgres_url.partition("://")[2]
