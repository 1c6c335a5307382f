"""What has to be gone when everything is quiet: in Redis, in the store, in Postgres and on disk."""

import psycopg
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from chaos.evidence import Evidence, read_evidence
from chaos.hansard import Hansard
from libs.common.events import EVENTS
from libs.common.outcome import Outcome
from libs.common.speakers import Gallery
from libs.common.storage import ObjectStore
from libs.common.streams.keys import PREFIX, WORKERS, stream_key
from libs.common.streams.monitor import groups_of

_ROWS = {
    "uploads": "SELECT prefix FROM uploads",
    "unsent rows of the outbox": "SELECT id::text FROM outbox WHERE sent_at IS NULL",
    "runs that were not swept": "SELECT id::text FROM runs WHERE ended_at IS NOT NULL AND swept_at IS NULL",
    "erasures that were not done": "SELECT id::text FROM erasures WHERE erased_at IS NULL",
}
_LISTED = 5


async def find_leftovers(hansard: Hansard) -> list[str]:
    """What is still there; to be asked again until there is nothing or the patience ends."""
    evidence = await read_evidence(hansard.servers.audit_url)
    async with hansard.servers.redis() as redis:
        found = await _in_groups(redis) + await _in_keys(redis, evidence)
    found += await _in_postgres(hansard.servers.audit_url)
    found += await _in_galleries(hansard)
    return found or await _in_store(hansard.store, evidence)


async def _in_groups(redis: Redis) -> list[str]:
    found = []
    for stream in EVENTS:
        for group in groups_of(stream):
            found += await _in_group(redis, stream_key(stream), group)
    return found


async def _in_group(redis: Redis, key: str, group: str) -> list[str]:
    try:
        groups = {one["name"]: one for one in await redis.xinfo_groups(key)}
        info = groups[group]
        newest = await redis.xrevrange(key, count=1)
    except (ResponseError, KeyError):
        return [f"the group {group} of {key} is missing"]
    found = [f"{info['pending']} entries of {key} are pending for {group}"] if info["pending"] else []
    if newest and _number(str(newest[0][0])) > _number(str(info["last-delivered-id"])):
        found.append(f"{group} has not read all of {key}")
    return found


def _number(entry_id: str) -> tuple[int, int]:
    """Ids are ordered as numbers. The newest may be older than the last that was delivered, if that was erased."""
    milliseconds, sequence = entry_id.split("-")
    return int(milliseconds), int(sequence)


async def _in_keys(redis: Redis, evidence: Evidence) -> list[str]:
    """Only streams, markers of units that are there, and what living workers say may be left."""
    units = {fact.unit.id for fact in evidence.facts}
    ended = {run.id for run in evidence.runs.values() if run.status == "cancelled" or run.is_deleted}
    streams = {stream_key(stream) for stream in EVENTS} | {WORKERS}
    found = []
    async for key in redis.scan_iter(match=f"{PREFIX}*", count=1000):
        kind, _, name = key.removeprefix(PREFIX).partition(":")
        is_known = (
            key in streams
            or kind in {"cache", "worker"}
            or (kind == "marker" and (name in units or name.partition("/")[0] not in evidence.runs))
            or (kind == "marker" and name.partition("/")[0] in ended)
            or (kind == "cancelled" and (name in ended or name not in evidence.runs))
        )
        if not is_known:
            found.append(f"the key {key} is left")
    return found


async def _in_postgres(url: str) -> list[str]:
    found = []
    async with await psycopg.AsyncConnection.connect(url) as connection:
        for what, query in _ROWS.items():
            rows = await (await connection.execute(query)).fetchall()
            if rows:
                found.append(f"{len(rows)} {what}: {', '.join(row[0] for row in rows[:_LISTED])}")
    return found


async def _in_galleries(hansard: Hansard) -> list[str]:
    """A gallery holds the voiceprints that there are, no fewer and no more."""
    keys = await hansard.store.list("galleries/")
    galleries = [await hansard.store.load(Gallery, key) for key in keys]
    held = {one.sample_id for gallery in galleries for one in gallery.voiceprints}
    async with await psycopg.AsyncConnection.connect(hansard.servers.audit_url) as connection:
        rows = await (await connection.execute("SELECT sample_id::text FROM voiceprints")).fetchall()
    wrong = held ^ {str(row[0]) for row in rows}
    return [f"the galleries and the voiceprints differ in the samples {sorted(wrong)[:_LISTED]}"] if wrong else []


async def _in_store(store: ObjectStore, evidence: Evidence) -> list[str]:
    keys = await store.list("")
    folders = {run.folder for run in evidence.runs.values() if not run.is_deleted}
    owners = {folder.rsplit("/", 1)[0] for folder in folders}
    named = await _named_by_outcomes(store, keys, folders)
    found = []
    for key in keys:
        kind, *rest = key.split("/")
        if kind not in {"meetings", "samples"}:
            if kind == "probes" and rest != ["put-if-absent"]:
                found.append(f"the object {key} is left")
            continue
        if f"{kind}/{rest[0]}" not in owners:
            found.append(f"the object {key} belongs to nothing")
        elif "/".join([kind, *rest[:2]]) in folders and len(rest) > 3 and key not in named:
            found.append(f"the object {key} is named by no outcome")
    return found


async def _named_by_outcomes(store: ObjectStore, keys: list[str], folders: set[str]) -> set[str]:
    named: set[str] = set()
    for key in keys:
        folder, _, name = key.rpartition("/")
        if folder in folders and name != "request.json" and (data := await store.find(key)):
            named |= set(Outcome.model_validate_json(data).objects)
    return named
