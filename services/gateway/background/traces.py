"""What the runs of a deleted meeting have left in Redis and as facts: cached results, progress, entries, markers."""

import uuid
from collections import defaultdict
from collections.abc import Sequence

from asyncpg import Record
from redis.asyncio import Redis

from libs.common.events import EVENTS
from libs.common.line import CONSUMERS
from libs.common.streams.keys import delayed_key, marker_key, moved_key, waiting_entries_key
from libs.common.streams.scripts import Scripts
from services.gateway.background.entries import entry_of
from services.gateway.database import Database, load_queries
from services.gateway.runs.live_progress import forget_progress
from services.gateway.runs.results import forget_results

_SQL = load_queries("erasures")


async def erase_traces(database: Database, redis: Redis, scripts: Scripts, meeting_id: uuid.UUID) -> None:
    """Remove them, idempotently: the facts last, because they say where the entries are.

    Raises:
        RedisError: Redis did not answer; the facts stay, so that the next pass finds the rest.
    """
    await database.execute(_SQL["end_runs"], meeting_id)
    for run in await database.fetch(_SQL["runs_of_meeting"], meeting_id):
        await forget_results(redis, str(run["id"]), version=run["version"])
        await forget_progress(redis, str(run["id"]))
        facts = await database.fetch(_SQL["facts_of_run"], run["id"])
        await _forget_units(redis, facts)
        await _erase_entries(scripts, facts)
        await database.execute(_SQL["delete_facts"], run["id"])


async def _forget_units(redis: Redis, facts: Sequence[Record]) -> None:
    """What is known of the units that published the facts, and of those that the facts are the inputs of."""
    async with redis.pipeline(transaction=False) as pipe:
        for fact in facts:
            pipe.delete(marker_key(entry_of(fact).publisher.id))
            if (position := CONSUMERS.get(fact["stream"])) is not None:
                unit = position.unit(EVENTS[fact["stream"]].model_validate_json(fact["event"])).id
                pipe.zrem(delayed_key(position.stage), unit)
                pipe.hdel(waiting_entries_key(position.stage), unit)
                pipe.hdel(moved_key(position.stage), unit)
        await pipe.execute()


async def _erase_entries(scripts: Scripts, facts: Sequence[Record]) -> None:
    entries: dict[str, list[str]] = defaultdict(list)
    for fact in facts:
        if fact["entry_id"] is not None:
            entry = entry_of(fact)
            entries[entry.key] += [fact["entry_id"], entry.fact]
    for key, known in entries.items():
        await scripts.erase(keys=[key], args=known)
