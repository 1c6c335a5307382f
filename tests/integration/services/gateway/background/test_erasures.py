"""Erasures hold nothing up, and what was deleted stays away as long as its entries live."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from libs.common.engine import EngineInfo
from libs.common.errors import StorageUnavailable
from libs.common.events import AudioNormalized, MeetingAccepted
from libs.common.outcome import Outcome, PublishedEvent, Unit, outcome_key
from libs.common.runtime.worker import Worker
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from libs.common.streams.keys import cancelled_key, stream_key
from libs.common.transcript import MeetingLanguage, language_key
from services.gateway.background.erasures import Erasures
from services.gateway.gateway import Gateway
from tests.integration.line import REPORT, until
from tests.integration.services.gateway.meeting_rows import accept_meeting
from tests.integration.services.gateway.rows import background

RECORDINGS = stream_key(MeetingAccepted.stream)


class ForbiddenStore(ObjectStore):
    """Refuses to delete one key."""

    forbidden = "forbidden"

    async def delete(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        if self.forbidden in keys:
            raise StorageUnavailable("access denied")
        await super().delete(keys)


async def request_erasure(gateway: Gateway, key: str) -> None:
    await gateway.database.execute(
        "INSERT INTO erasures (id, workspace, prefixes, keys, until)"
        " VALUES (gen_random_uuid(), 'default', '{}', $1, now() + interval '1 day')",
        [key],
    )


async def test_an_erasure_that_fails_does_not_hold_up_the_others(gateway: Gateway, tmp_path: Path) -> None:
    store = ForbiddenStore.open((tmp_path / "objects").as_uri())
    await store.put("allowed", b"1")
    await request_erasure(gateway, ForbiddenStore.forbidden)
    await request_erasure(gateway, "allowed")
    await Erasures(gateway.database, store, gateway.redis, gateway.scripts).repeat()
    assert not await store.exists("allowed")
    rows = await gateway.database.fetch("SELECT erased_at IS NULL AS waits FROM erasures ORDER BY requested_at")
    assert [row["waits"] for row in rows] == [True, False]


async def test_any_number_of_repeats_leaves_room_for_a_new_erasure(gateway: Gateway) -> None:
    await gateway.database.execute(
        "INSERT INTO erasures (id, workspace, prefixes, keys, requested_at, erased_at, until)"
        " SELECT gen_random_uuid(), 'default', '{}', '{}', now() - interval '1 hour', now() - interval '10 min',"
        " now() + interval '1 day' FROM generate_series(1, 120)"
    )
    await gateway.store.put("new", b"1")
    await request_erasure(gateway, "new")
    await gateway.erasures.repeat()
    assert not await gateway.store.exists("new")


async def erased_again(gateway: Gateway, *, requested: float, erased: float, until: float) -> bool:
    """Whether the next pass does an erasure with these times, seconds from now."""
    await gateway.database.execute(
        "INSERT INTO erasures (id, workspace, prefixes, keys, requested_at, erased_at, until) VALUES"
        " (gen_random_uuid(), 'default', '{}', '{late}', now() + make_interval(secs => $1),"
        " now() + make_interval(secs => $2), now() + make_interval(secs => $3))",
        requested,
        erased,
        until,
    )
    await gateway.store.put("late", b"written late")
    await gateway.erasures.repeat()
    return not await gateway.store.exists("late")


@pytest.mark.parametrize(
    ("requested", "erased"), [(-121.0, -121.0), (-400.0, -201.0), (-500_000.0, -3_601.0), (-300.0, -150.0)]
)
async def test_what_was_deleted_is_removed_again_after_as_long_as_it_is_gone(
    gateway: Gateway, requested: float, erased: float
) -> None:
    assert await erased_again(gateway, requested=requested, erased=erased, until=1000.0)


@pytest.mark.parametrize(("requested", "erased"), [(-100.0, -100.0), (-500.0, -200.0), (-500_000.0, -3_500.0)])
async def test_what_was_removed_lately_is_left_alone(gateway: Gateway, requested: float, erased: float) -> None:
    assert not await erased_again(gateway, requested=requested, erased=erased, until=1000.0)


async def test_what_was_deleted_is_removed_once_more_when_no_late_write_can_come(gateway: Gateway) -> None:
    assert await erased_again(gateway, requested=-100_000.0, erased=-30.0, until=-10.0)


async def test_an_outcome_that_cannot_be_read_keeps_only_its_own_run_from_being_swept(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    unreadable, readable = await accept_meeting(client, gateway), await accept_meeting(client, gateway)
    await gateway.database.execute("UPDATE runs SET status = 'completed', ended_at = now() - interval '1 hour'")
    strays = []
    for meeting in (unreadable, readable):
        folder = f"meetings/{meeting.meeting_id}/{meeting.run_id}"
        strays.append(f"{folder}/normalize/0123/audio.flac")
        await gateway.store.put(strays[-1], b"sound")
        if meeting is unreadable:
            await gateway.store.put(f"{folder}/normalize.json", b'{"version": 2}')
    assert await gateway.erasures.sweep() == 1
    assert [await gateway.store.exists(stray) for stray in strays] == [True, False]


async def test_the_sweep_keeps_what_an_outcome_names(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting = await accept_meeting(client, gateway)
    await gateway.database.execute("UPDATE runs SET status = 'completed', ended_at = now() - interval '1 hour'")
    folder, unit = f"meetings/{meeting.meeting_id}/{meeting.run_id}", Unit(run_id=meeting.run_id, stage="normalize")
    named, stray = f"{folder}/normalize/0123/audio.flac", f"{folder}/normalize/4567/audio.flac"
    event = AudioNormalized(**meeting.subject, audio_key=named, duration=1.0)
    outcome = Outcome(
        unit=unit, status="finished", published=(PublishedEvent.of(event),), report=REPORT,
        input=PublishedEvent.of(event), objects=(named,),
    )  # fmt: skip
    await gateway.store.put_new(outcome_key(folder, unit), outcome.model_dump_json().encode())
    found = MeetingLanguage(language="fi", probability=0.9, passages=(), engine=EngineInfo(name="faster-whisper"))
    await gateway.store.put(language_key(folder), found.model_dump_json().encode())
    for key in (named, stray):
        await gateway.store.put(key, b"sound")
    assert await gateway.erasures.sweep() == 1
    assert await gateway.store.exists(language_key(folder))
    assert [await gateway.store.exists(key) for key in (named, stray)] == [True, False]


async def test_a_deleted_meeting_is_not_worked_again_when_its_entries_are_delivered_again(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    meeting = await accept_meeting(client, gateway)
    await background(gateway.database, gateway.redis, gateway.store).relay.relay()
    await meeting.end("completed")
    await gateway.redis.copy(RECORDINGS, "copy")
    await gateway.deletion.delete("default", UUID(meeting.meeting_id))
    await gateway.redis.rename("copy", RECORDINGS)  # as a Redis that has forgotten its last second
    handled = []

    async def handle(event: MeetingAccepted, work: Work) -> None:
        handled.append(event)

    stopped = asyncio.Event()
    worker = Worker(
        gateway.redis,
        gateway.store,
        [Stage(name="normalize", consumes=MeetingAccepted, handle=handle)],
        service="test",
        lease=1.0,
    )
    running = asyncio.create_task(worker.run(stopped, grace=0.1))
    await until(lambda: _is_settled(gateway))
    stopped.set()
    await running
    assert handled == []
    assert await gateway.store.list("meetings/") == []


@pytest.mark.parametrize("keep_days", [7.0, 30.0])
async def test_a_deletion_outlives_the_entries(client: httpx.AsyncClient, gateway: Gateway, keep_days: float) -> None:
    meeting = await accept_meeting(client, gateway)
    gateway.erasures.lifetime = Erasures(
        gateway.database, gateway.store, gateway.redis, gateway.scripts, keep_days=keep_days
    ).lifetime
    await gateway.deletion.delete("default", UUID(meeting.meeting_id))
    [row] = await gateway.database.fetch("SELECT extract(epoch FROM until - now()) / 86400 AS days FROM erasures")
    assert float(row["days"]) == pytest.approx(keep_days + 1, abs=0.01)
    assert await gateway.redis.ttl(cancelled_key(meeting.run_id)) > keep_days * 86400


async def _is_settled(gateway: Gateway) -> bool:
    groups = await gateway.redis.xinfo_groups(RECORDINGS)
    return any(
        one["name"] == "normalize" and one["last-delivered-id"] != "0-0" and not one["pending"] for one in groups
    )
