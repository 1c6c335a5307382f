"""What is left of a deleted meeting in all three stores, also where something comes in between or late."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from redis.asyncio import Redis

from libs.common.answers import answer_key, answer_marker_key
from libs.common.events import AudioNormalized, MeetingAccepted, StageFailed
from libs.common.outcome import PublishedEvent, Unit, outcome_key
from libs.common.streams.cache import RedisCache
from libs.common.streams.entry import entries_of
from libs.common.streams.keys import (
    PROJECTION,
    cancelled_key,
    delayed_key,
    marker_key,
    moved_key,
    progress_key,
    stream_key,
    waiting_entries_key,
)
from libs.common.streams.queue import Delivery, StageQueue
from services.gateway.gateway import Gateway
from services.gateway.runs.results import ResultsReader, results_key
from tests.integration.interleaving import interleaved, once
from tests.integration.line import REPORT, until
from tests.integration.services.gateway.meeting_rows import RecordedMeeting, accept_meeting
from tests.integration.services.gateway.rows import (
    Background,
    background,
    is_acknowledged,
    projecting,
    publish_as,
)

RECORDINGS = stream_key(MeetingAccepted.stream)


@pytest.fixture
async def meeting(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    return await accept_meeting(client, gateway)


@pytest.fixture
def parts(gateway: Gateway) -> Background:
    return background(gateway.database, gateway.redis, gateway.store)


async def mentioned_in_redis(redis: Redis, meeting: RecordedMeeting) -> set[str]:
    """Keys that name the meeting or its run, or hold a text that does."""
    found = set()
    async for key in redis.scan_iter():
        match await redis.type(key):
            case "stream":
                content = str(await redis.xrange(key))
            case "hash":
                content = str(await redis.hkeys(key))  # entries that wait are packed, and no text
            case "zset":
                content = str(await redis.zrange(key, 0, -1))
            case _:
                content = str(await redis.get(key))
        if any(name in f"{key} {content}" for name in (meeting.meeting_id, meeting.run_id)):
            found.add(str(key))
    return found


async def mentioned_in_postgres(gateway: Gateway, meeting: RecordedMeeting) -> dict[str, int]:
    """Tables with rows that name the meeting or its run, and how many."""
    tables = await gateway.database.fetch(
        "SELECT table_name AS name FROM information_schema.tables"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    counts = {}
    for table in tables:
        [row] = await gateway.database.fetch(
            f'SELECT count(*) FROM "{table["name"]}" AS one WHERE one::text LIKE $1 OR one::text LIKE $2',
            f"%{meeting.meeting_id}%",
            f"%{meeting.run_id}%",
        )
        counts[table["name"]] = row["count"]
    return {name: count for name, count in counts.items() if count}


async def let_time_pass(gateway: Gateway) -> None:
    """Until nothing can be written late any more."""
    await gateway.database.execute(
        "UPDATE erasures SET erased_at = now() - interval '2 days', until = now() - interval '1 day'"
    )


async def put_aside(gateway: Gateway, meeting: RecordedMeeting) -> None:
    """The first stage postpones the meeting, takes it up again, and postpones it."""
    queue = StageQueue(
        gateway.redis, gateway.scripts, stream=MeetingAccepted.stream, group="normalize", consumer="worker"
    )
    await queue.ensure_group()
    unit = f"{meeting.run_id}/normalize"
    for delay in (0, 3600):
        [delivery] = await queue.read(1, block=1)
        assert isinstance(delivery, Delivery)
        await queue.delay(delivery, unit, delay=delay, spent=0)
        await queue.promote()


async def fill(client: httpx.AsyncClient, gateway: Gateway, parts: Background, meeting: RecordedMeeting) -> None:
    """Leave something of the meeting wherever something can be."""
    redis = gateway.redis
    await parts.relay.relay()
    failed = StageFailed(
        workspace="default", run_id=meeting.run_id, meeting_id=meeting.meeting_id, stage="transcribe",
        unit_part="00001", code="it_failed", message="what somebody said", attempts=1,
    )  # fmt: skip
    await publish_as(redis, failed, "transcribe", part="00001")
    async with projecting(parts):
        await until(lambda: is_acknowledged(redis, MeetingAccepted))
        await until(lambda: is_acknowledged(redis, StageFailed))
    await put_aside(gateway, meeting)
    await redis.hset(moved_key("diarize"), f"{meeting.run_id}/diarize", "1-1")
    await redis.hset(progress_key(meeting.run_id), mapping={"diarize": "{}"})
    await meeting.transcribe()
    await gateway.database.execute("INSERT INTO labels (run_id, label) VALUES ($1, 'SPEAKER_00')", UUID(meeting.run_id))
    assert (await client.get(f"/api/meetings/{meeting.meeting_id}/results")).status_code == 200
    await gateway.store.put(answer_marker_key(meeting.meeting_id, "digest"), b"1")
    await gateway.store.put(answer_key("default", "digest"), b"{}")
    await RedisCache(redis).set(answer_key("default", "digest"), b"{}", lifetime=60)


async def test_a_deletion_leaves_a_mark_for_the_workers_and_ids(
    client: httpx.AsyncClient, gateway: Gateway, parts: Background, meeting: RecordedMeeting, tmp_path: Path
) -> None:
    await fill(client, gateway, parts, meeting)
    assert await mentioned_in_redis(gateway.redis, meeting) > {
        RECORDINGS,
        marker_key(f"{meeting.run_id}/accept"),
        delayed_key("normalize"),
        waiting_entries_key("normalize"),
        moved_key("diarize"),
        progress_key(meeting.run_id),
    }
    receipt = (await client.delete(f"/api/meetings/{meeting.meeting_id}")).json()
    assert not receipt["pending"]
    assert await gateway.store.list("") == []
    assert list((tmp_path / "objects").iterdir()) == [], "nor empty folders"
    kept = {cancelled_key(meeting.run_id)}
    assert await mentioned_in_redis(gateway.redis, meeting) == kept
    assert not await gateway.redis.keys("*cache*")
    assert await mentioned_in_postgres(gateway, meeting) == {"meetings": 1, "runs": 1, "erasures": 1}


async def test_in_the_end_only_the_tombstone_is_left(
    client: httpx.AsyncClient, gateway: Gateway, parts: Background, meeting: RecordedMeeting
) -> None:
    await fill(client, gateway, parts, meeting)
    await client.delete(f"/api/meetings/{meeting.meeting_id}")
    await gateway.erasures.repeat()
    assert "runs" in await mentioned_in_postgres(gateway, meeting), "workers must still be told"
    await let_time_pass(gateway)
    await gateway.erasures.repeat()
    assert await mentioned_in_postgres(gateway, meeting) == {"meetings": 1}
    row = await gateway.database.fetch_one("SELECT * FROM meetings")
    assert row is not None
    assert (row["title"], row["filename"], row["current_run_id"]) == (None, None, None)


async def test_without_redis_its_traces_wait_and_everything_else_goes(
    client: httpx.AsyncClient,
    client_without_redis: httpx.AsyncClient,
    gateway: Gateway,
    parts: Background,
    meeting: RecordedMeeting,
) -> None:
    await fill(client, gateway, parts, meeting)
    assert (await client_without_redis.delete(f"/api/meetings/{meeting.meeting_id}")).json()["pending"]
    assert await mentioned_in_postgres(gateway, meeting) == {"meetings": 1, "runs": 1, "erasures": 1}
    assert await mentioned_in_redis(gateway.redis, meeting)
    await gateway.erasures.repeat()
    assert await mentioned_in_redis(gateway.redis, meeting) == set()


async def test_entries_of_other_meetings_stay(
    client: httpx.AsyncClient, gateway: Gateway, parts: Background, meeting: RecordedMeeting
) -> None:
    other = await accept_meeting(client, gateway)
    await fill(client, gateway, parts, meeting)
    await put_aside(gateway, other)
    before = await mentioned_in_redis(gateway.redis, other)
    await client.delete(f"/api/meetings/{meeting.meeting_id}")
    assert await mentioned_in_redis(gateway.redis, other) == before >= {RECORDINGS, delayed_key("normalize")}


async def test_results_that_are_cached_after_the_deletion_go_too(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await meeting.transcribe()
    delete = once(lambda: client.delete(f"/api/meetings/{meeting.meeting_id}"))
    reader = ResultsReader(gateway.database, gateway.store, interleaved(gateway.redis, before={"set": delete}))
    run = await reader.run("default", UUID(meeting.meeting_id))
    await reader.json("default", run)
    key = results_key(meeting.run_id, run.version)
    assert await gateway.redis.exists(key), "the deletion came before"
    await _make_due(gateway)
    await gateway.erasures.repeat()
    assert not await gateway.redis.exists(key)


async def test_an_outcome_and_its_event_that_come_after_the_deletion_leave_nothing(
    client: httpx.AsyncClient, gateway: Gateway, parts: Background, meeting: RecordedMeeting
) -> None:
    await client.delete(f"/api/meetings/{meeting.meeting_id}")
    await gateway.redis.flushall()  # nobody tells the zombie before the reconciler does
    folder, unit = f"meetings/{meeting.meeting_id}/{meeting.run_id}", Unit(run_id=meeting.run_id, stage="normalize")
    await gateway.store.put_new(outcome_key(folder, unit), b"{}")
    await gateway.store.put(f"{folder}/normalize/0123/audio.flac", b"sound")
    await publish_as(gateway.redis, AudioNormalized(**meeting.subject, audio_key="a", duration=3.5), "normalize")
    async with projecting(parts):
        await until(lambda: is_acknowledged(gateway.redis, AudioNormalized))
    await parts.reconciler.reconcile()
    await _make_due(gateway)
    await gateway.erasures.repeat()
    assert await gateway.store.list("") == []
    assert "facts" not in await mentioned_in_postgres(gateway, meeting)
    assert await gateway.redis.exists(cancelled_key(meeting.run_id))


async def test_a_run_that_began_while_its_meeting_was_deleted_is_ended(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await client.delete(f"/api/meetings/{meeting.meeting_id}")
    await gateway.database.execute(
        "INSERT INTO runs (id, workspace, meeting_id, folder) VALUES (gen_random_uuid(), 'default', $1, 'f')",
        UUID(meeting.meeting_id),
    )
    await _make_due(gateway)
    await gateway.erasures.repeat()
    assert await gateway.database.fetch("SELECT FROM runs WHERE ended_at IS NULL") == []


async def test_a_request_that_is_repeated_after_the_deletion_brings_nothing_back(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    async def hand_in() -> httpx.Response:
        files = {"audio": ("weekly.wav", b"sound", "audio/wav")}
        return await client.post("/api/meetings/process", files=files, headers={"Idempotency-Key": "weekly"})

    first = await hand_in()
    meeting_id = first.json()["meeting_id"]
    await client.delete(f"/api/meetings/{meeting_id}")
    again = await hand_in()
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert (await client.get(f"/api/meetings/{meeting_id}/status")).status_code == 404
    assert await gateway.store.list("meetings/") == []


async def test_of_two_deletions_at_once_one_finds_nothing(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    path = f"/api/meetings/{meeting.meeting_id}"
    answers = await asyncio.gather(*(client.delete(path) for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [200, 404, 404]
    assert len(await gateway.database.fetch("SELECT FROM erasures")) == 1


async def test_what_is_on_loan_of_a_deleted_meeting_is_work_no_more(
    client: httpx.AsyncClient, gateway: Gateway, parts: Background, meeting: RecordedMeeting
) -> None:
    other = await accept_meeting(client, gateway)
    loans = await _lend(gateway, parts, "normalize", PROJECTION)
    await client.delete(f"/api/meetings/{meeting.meeting_id}")
    for group, loan in loans.items():
        pending = await gateway.redis.xpending_range(RECORDINGS, group, "-", "+", 10)
        assert [one["message_id"] for one in pending] == [
            one.id for one in loan.held if one.entry.publisher.run_id == other.run_id
        ]
    await client.delete(f"/api/meetings/{other.meeting_id}")
    for group in loans:
        assert (await gateway.redis.xpending(RECORDINGS, group))["pending"] == 0
    for stage in (await client.get("/api/pipeline")).json()["stages"].values():
        assert (stage["queue"]["waiting"], stage["queue"]["pending"], stage["queue"]["oldest"]) == (0, 0, None)
    for stage in (await client.get("/health")).json()["stages"].values():
        assert (stage["waiting"], stage["pending"]) == (0, 0)


async def test_who_has_an_erased_entry_in_hand_settles_nothing(
    client: httpx.AsyncClient, gateway: Gateway, parts: Background, meeting: RecordedMeeting
) -> None:
    loan = (await _lend(gateway, parts, "normalize"))["normalize"]
    await client.delete(f"/api/meetings/{meeting.meeting_id}")
    [held], unit = loan.held, f"{meeting.run_id}/normalize"
    assert await loan.queue.renew([(held, meeting.run_id)]) == ["cancelled"]
    made = PublishedEvent.of(AudioNormalized(**meeting.subject, audio_key="a", duration=3.5))
    entries = entries_of(Unit(run_id=meeting.run_id, stage="normalize"), (made,), REPORT)
    settled = await loan.queue.settle(held, unit_id=unit, run_id=meeting.run_id, entries=entries)
    assert settled == "cancelled"
    assert await loan.queue.delay(held, unit, delay=0, spent=1) == "gone"
    assert await loan.queue.hand_back(held) == "gone"
    assert await mentioned_in_redis(gateway.redis, meeting) == {cancelled_key(meeting.run_id)}


@dataclass(frozen=True)
class _Loan:
    queue: StageQueue
    held: list[Delivery]


async def _lend(gateway: Gateway, parts: Background, *groups: str) -> dict[str, _Loan]:
    """Every recording there is, to one worker of each group."""
    await parts.relay.relay()
    loans = {}
    for group in groups:
        queue = StageQueue(
            gateway.redis, gateway.scripts, stream=MeetingAccepted.stream, group=group, consumer="worker"
        )
        await queue.ensure_group()
        read = await queue.read(10, block=1)
        loans[group] = _Loan(queue, [one for one in read if isinstance(one, Delivery)])
    return loans


async def _make_due(gateway: Gateway) -> None:
    await gateway.database.execute("UPDATE erasures SET erased_at = erased_at - interval '2 hours'")
