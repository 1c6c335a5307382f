"""What the gateway needs beside what every service does."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial

import asyncpg
from asyncpg import Connection, Record

from libs.common.doctor.checking import Check, one_line
from libs.common.doctor.clocks import clock_finding
from libs.common.doctor.finding import Finding, ok, problem, warning
from libs.common.doctor.machine import Needs, machine_check
from libs.common.errors import InvalidSettings
from libs.common.personas import load_personas
from services.gateway.database import load_queries
from services.gateway.migrate import MIGRATIONS
from services.gateway.settings import GatewaySettings

_SQL = load_queries("doctor")
_OLDEST = 140_000
_PATIENCE = 5.0
_MEMORY_BYTES = 512 * 2**20


def checks(settings: GatewaySettings) -> Sequence[Check]:
    """Postgres, personas and the machine."""
    return (
        Check("postgres", partial(_postgres, settings)),
        Check("personas", partial(_personas, settings)),
        machine_check(Needs(memory_bytes=_MEMORY_BYTES, cores=1)),
    )


async def _personas(settings: GatewaySettings) -> AsyncIterator[Finding]:
    try:
        yield ok("personas", ", ".join(load_personas(settings.personas_dir).ids))
    except InvalidSettings as error:
        yield problem("personas", one_line(error.message), "correct the file, or set PERSONAS_DIR")


async def _postgres(settings: GatewaySettings) -> AsyncIterator[Finding]:
    began = time.perf_counter()
    try:
        connection = await asyncpg.connect(settings.postgres_url, timeout=_PATIENCE, command_timeout=_PATIENCE)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as error:
        what = f"does not let us in: {one_line(str(error)) or type(error).__name__}"
        yield problem("postgres", what, "start it, or set POSTGRES_URL to where it is, with user, password, database")
        return
    try:
        yield ok("postgres", f"answers after {(time.perf_counter() - began) * 1000:.0f} ms, connecting included")
        async for finding in _inside(connection, settings):
            yield finding
    finally:
        await connection.close(timeout=_PATIENCE)


async def _inside(connection: "Connection[Record]", settings: GatewaySettings) -> AsyncIterator[Finding]:
    asked_at = time.time()
    server = await connection.fetchrow(_SQL["server"])
    assert server is not None
    yield clock_finding("postgres clock", server["now"].timestamp(), asked_at, time.time())
    yield _version(server)
    yield _connections(server, settings.postgres_connections)
    applied = await _applied(connection)
    for finding in _migrations(applied):
        yield finding
    if applied is not None and await connection.fetchval(_SQL["has_keys"]):
        yield await _keys(connection, settings)


def _version(server: Record) -> Finding:
    name, number = server["version"], server["version_num"]
    if number < _OLDEST:
        return problem("postgres version", f"is {name}", "run Postgres 14 or newer")
    return ok("postgres version", f"is {name}")


def _connections(server: Record, wanted: int) -> Finding:
    free = server["most"] - server["used"]
    what = f"{server['used']} of {server['most']} are open, and this gateway opens up to {wanted}"
    if free < wanted:
        cure = "raise max_connections, or lower POSTGRES_CONNECTIONS (each gateway opens as many)"
        return warning("postgres connections", what, cure)
    return ok("postgres connections", what)


async def _applied(connection: "Connection[Record]") -> frozenset[str] | None:
    if not await connection.fetchval(_SQL["has_migrations"]):
        return None
    return frozenset(row["migration_id"] for row in await connection.fetch(_SQL["migrations"]))


def _migrations(applied: frozenset[str] | None) -> Iterator[Finding]:
    known = frozenset(path.stem for path in MIGRATIONS.glob("*.sql") if not path.name.endswith(".rollback.sql"))
    migrate = "run python -m services.gateway migrate"
    if not applied:
        yield problem("migrations", "the database has none of ours", migrate)
        return
    if missing := sorted(known - applied):
        yield problem("migrations", f"missing: {', '.join(missing)}", migrate)
    if newer := sorted(applied - known):
        cure = "deploy the release that applied them, or a newer one"
        yield warning("migrations", f"the database is newer than this release: {', '.join(newer)}", cure)
    if known == applied:
        yield ok("migrations", f"all {len(known)} are applied")


async def _keys(connection: "Connection[Record]", settings: GatewaySettings) -> Finding:
    count = await connection.fetchval(_SQL["count_keys"])
    if count:
        return ok("api keys", f"{count} can be used")
    if settings.is_key_required:
        cure = "python -m services.gateway keys create NAME"
        return problem("api keys", f"there is none, and with HOST={settings.host} nobody is let in without", cure)
    return ok("api keys", "there is none, and none is asked for on this machine alone")
