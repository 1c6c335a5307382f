"""Postgres: one pool, statements that lie in files under names, and one error for a server that does not answer."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import asyncpg
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

from libs.common.errors import InvalidSettings, PipelineError

Connection: TypeAlias = "PoolConnectionProxy[Record]"
"""A connection of the pool, as `transaction` and `connection` lend it."""

_QUERIES = Path(__file__).parent / "queries"
_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_CONNECT_TIMEOUT = 5.0
_STATEMENT_TIMEOUT = 15.0

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,  # a deadlock that Postgres resolved: the other transaction goes first
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that ended in between: https://github.com/MagicStack/asyncpg/issues/784
    OSError,
    TimeoutError,
)


class DatabaseUnavailable(PipelineError):
    """Postgres did not answer, or ended the connection."""

    code = "database_unavailable"
    retryable = True


class DatabaseNotMigrated(PipelineError):
    """The database is older than this release."""

    code = "database_not_migrated"

    def __init__(self) -> None:
        super().__init__("the database is older than this release: run `python -m services.gateway migrate` first")


def load_queries(name: str) -> Mapping[str, str]:
    """The statements of `queries/<name>.sql`, each below a line `-- name: <its name>`."""
    _, *parts = _NAME.split((_QUERIES / f"{name}.sql").read_text("utf-8"))
    return MappingProxyType(dict(zip(parts[::2], (sql.strip() for sql in parts[1::2]), strict=True)))


class Database:
    """A pool of connections; every method raises `DatabaseUnavailable` when Postgres does not answer.

    JSON columns are written and read as text, so that pydantic does the parsing.
    """

    def __init__(self, pool: "asyncpg.Pool[Record]") -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str, *, max_connections: int = 20) -> "Database":
        """A pool that may find Postgres later, so that the gateway can start before Postgres does.

        Raises:
            InvalidSettings: The address asks for something that no connection can be.
        """
        pool = await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=max_connections,
            timeout=_CONNECT_TIMEOUT,
            command_timeout=_STATEMENT_TIMEOUT,
            server_settings={"application_name": "hansard"},
            reset=_leave_as_it_is,
        )
        database = cls(pool)
        with suppress(DatabaseUnavailable, asyncpg.PostgresError):
            await database._try_address()
        return database

    async def _try_address(self) -> None:
        try:
            async with self.connection():
                pass
        except asyncpg.ClientConfigurationError as error:
            await self.close()
            raise InvalidSettings(f"POSTGRES_URL: {error}") from error

    async def close(self) -> None:
        """Close all connections, after the statements in hand."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection without a transaction around it."""
        with _reported():
            async with self._pool.acquire(timeout=_CONNECT_TIMEOUT) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction that is committed if the block ends well."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A connection whose statements all see the database as it is now; for reading only."""
        async with self.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection

    async def fetch(self, sql: str, *values: object) -> list[Record]:
        """All rows."""
        async with self.connection() as connection:
            return await connection.fetch(sql, *values)

    async def fetch_one(self, sql: str, *values: object) -> Record | None:
        """The first row, if there is one."""
        async with self.connection() as connection:
            return await connection.fetchrow(sql, *values)

    async def execute(self, sql: str, *values: object) -> None:
        """Run a statement that answers nothing."""
        async with self.connection() as connection:
            await connection.execute(sql, *values)


async def _leave_as_it_is(_connection: "asyncpg.Connection[Record]") -> None:
    """Spares a round trip at each return to the pool: the default unlocks, closes and resets what nothing here sets.

    A transaction is rolled back all the same. Who sets anything for a whole session resets it.
    """


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except _LOST as error:
        if isinstance(error, ValueError):
            raise  # a value that does not fit its column: our mistake, not an outage
        raise DatabaseUnavailable(f"the database did not answer: {error or type(error).__name__}") from error
