"""What tests of replays ask a gateway, its rows and its streams."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import httpx

from libs.common.events import MinutesWritten
from services.gateway.gateway import Gateway
from tests.integration.line import until
from tests.integration.services.gateway.rows import background, projecting, publish_as
from tests.integration.services.gateway.worked_meeting import PERSONAS, WorkedMeeting


async def replay(client: httpx.AsyncClient, meeting: WorkedMeeting, stage: str, **wish: Any) -> WorkedMeeting:
    """The new run."""
    answer = await client.post(f"/api/meetings/{meeting.meeting_id}/replay", json={"from_stage": stage, **wish})
    assert answer.status_code == 202, answer.text
    return WorkedMeeting(meeting.gateway, meeting.meeting_id, answer.json()["run_id"])


async def refused(client: httpx.AsyncClient, meeting: WorkedMeeting, stage: str, **wish: Any) -> tuple[int, Any]:
    answer = await client.post(f"/api/meetings/{meeting.meeting_id}/replay", json={"from_stage": stage, **wish})
    return answer.status_code, answer.json()


async def facts(run: WorkedMeeting) -> list[Any]:
    return await run.gateway.database.fetch(
        "SELECT stage, part, position, siblings, stream, event, worked_in, entry_id FROM facts WHERE run_id = $1"
        " ORDER BY recorded_at, stage, part, position",
        UUID(run.run_id),
    )


async def published(run: WorkedMeeting) -> list[tuple[str, str]]:
    """What the relay brings into the streams for this run: names of facts, and their revision."""
    gateway = run.gateway
    parts = background(gateway.database, gateway.redis, gateway.store)
    while await parts.relay.relay():
        pass
    streams = sorted([key async for key in gateway.redis.scan_iter("*.v1")])
    found = [cast(list[tuple[str, dict[str, str]]], await gateway.redis.xrange(key)) for key in streams]
    fields = [one for entries in found for _, one in entries]
    return [(one["fact"].removeprefix(f"{run.run_id}/"), one["revision"]) for one in fields]


async def current(client: httpx.AsyncClient, meeting: WorkedMeeting) -> str:
    answer = await client.get("/api/meetings")
    return str(answer.json()["meetings"][0]["run_id"])


async def finish_minutes(run: WorkedMeeting, personas: Sequence[str] = PERSONAS) -> None:
    """As the summarizer does it, projected."""
    parts = background(run.gateway.database, run.gateway.redis, run.gateway.store)
    for persona in personas:
        written = MinutesWritten(**run.subject, persona=persona, minutes_key=f"{run.folder}/minutes.json")
        await publish_as(run.gateway.redis, written, "summarize", part=persona)
    async with projecting(parts):
        await until(lambda: has_ended(run.gateway, run.run_id))


async def has_ended(gateway: Gateway, run_id: str) -> bool:
    row = await gateway.database.fetch_one("SELECT ended_at FROM runs WHERE id = $1", UUID(run_id))
    return row is not None and row["ended_at"] is not None
