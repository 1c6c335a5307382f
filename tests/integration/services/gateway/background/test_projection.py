"""The state of a meeting's run after a failure of each of its stages, as the projection leaves it."""

import datetime
import uuid
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from libs.common.events import StageFailed
from libs.common.outcome import PublishedEvent, Report, Unit
from libs.common.storage import ObjectStore
from libs.common.streams.entry import entries_of
from libs.common.streams.queue import Publisher
from libs.common.streams.scripts import Scripts
from services.gateway.database import Database
from tests.integration.line import until
from tests.integration.services.gateway.rows import Background, background, projecting, wait_for_lock


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = await Database.open(postgres_url)
    yield database
    await database.close()


async def meeting_run(database: Database) -> uuid.UUID:
    meeting, run = uuid.uuid4(), uuid.uuid4()
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO meetings (id, workspace, upload_key, size_bytes) VALUES ($1, 'default', 'k', 1)", meeting
        )
        await connection.execute(
            "INSERT INTO runs (id, workspace, meeting_id, folder) VALUES ($1, 'default', $2, 'f')", run, meeting
        )
    return run


async def publish_failure(redis: Redis, run: uuid.UUID, stage: str, part: str = "") -> None:
    unit = Unit(run_id=str(run), stage=stage, part=part)
    failure = StageFailed(
        workspace="default", run_id=str(run), stage=stage, unit_part=part, code="it_failed", message="so", attempts=1
    )
    report = Report(started_at=datetime.datetime.now(datetime.UTC), seconds=1, attempts=1)
    entries = entries_of(unit, (PublishedEvent.of(failure),), report)
    await Publisher(redis, Scripts(redis)).publish(unit_id=unit.id, run_id=str(run), entries=entries)


@pytest.mark.parametrize(
    ("stage", "part", "expected"),
    [
        ("normalize", "", ("failed", "it_failed")),
        ("plan", "", ("failed", "it_failed")),
        ("assemble", "", ("failed", "it_failed")),
        ("transcribe", "00001", ("processing", None)),
        ("summarize", "executive", ("processing", None)),
    ],
)
async def test_only_failures_that_leave_no_transcript_end_the_run(
    database: Database, redis: Redis, store: ObjectStore, stage: str, part: str, expected: tuple[str, str | None]
) -> None:
    run = await meeting_run(database)
    await publish_failure(redis, run, stage, part)
    parts = background(database, redis, store)
    async with projecting(parts):
        await until(lambda: database.fetch("SELECT 1 FROM facts WHERE run_id = $1", run))
    row = await database.fetch_one("SELECT status, error_code FROM runs WHERE id = $1", run)
    assert row is not None
    assert (row["status"], row["error_code"]) == expected


async def test_a_projection_that_hangs_in_the_database_has_stopped_until_it_goes_on(
    database: Database, redis: Redis, store: ObjectStore
) -> None:
    run, parts = await meeting_run(database), background(database, redis, store)
    async with projecting(parts):
        async with database.transaction() as connection:
            await connection.execute("LOCK TABLE facts")
            await publish_failure(redis, run, "normalize")
            await wait_for_lock(database)
            look_for_a_minute(parts)
            assert parts.projection.motion.stopped_since is not None
        await until(lambda: database.fetch("SELECT 1 FROM facts WHERE run_id = $1", run))
        await until(lambda: moves(parts))


def look_for_a_minute(parts: Background) -> None:
    """At once: all that time would have passed without a turn."""
    for now in range(61):
        parts.projection.motion.look(float(now), should_turn=True, overdue=())


async def moves(parts: Background) -> bool:
    parts.projection.motion.look(61.0, should_turn=True, overdue=())
    return parts.projection.motion.stopped_since is None
