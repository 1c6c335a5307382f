"""Two runs of a meeting side by side, as a client asks for them."""

from uuid import UUID, uuid4

import httpx
import pytest
from obstore.store import MemoryStore

from libs.common.request import MeetingRequest
from libs.common.storage import ObjectStore
from services.gateway.errors import MeetingNotFound
from services.gateway.gateway import Gateway
from services.gateway.runs.comparison import Comparisons
from tests.integration.services.gateway.meeting_rows import RecordedMeeting, accept_meeting


@pytest.fixture
async def meeting(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    return await accept_meeting(client, gateway)


async def second_run(meeting: RecordedMeeting) -> RecordedMeeting:
    """Another run of the same meeting, for which something else was asked."""
    run_id = uuid4()
    await meeting.gateway.database.execute(
        "INSERT INTO runs (id, workspace, meeting_id, folder) VALUES ($1, 'default', $2, $3)",
        run_id, UUID(meeting.meeting_id), f"meetings/{meeting.meeting_id}/{run_id}",
    )  # fmt: skip
    other = RecordedMeeting(meeting.gateway, meeting.meeting_id, str(run_id))
    await other.keep("request.json", MeetingRequest(language="de", personas=("executive", "engineer")))
    return other


class DeletedUnderWay(ObjectStore):
    """The store of a meeting that is deleted when its first object is read."""

    def __init__(self, gateway: Gateway, meeting: RecordedMeeting) -> None:
        super().__init__(MemoryStore())
        self._gateway, self._meeting = gateway, meeting

    async def get(self, key: str) -> bytes:
        sql = "UPDATE meetings SET deleted_at = now() WHERE id = $1"
        await self._gateway.database.execute(sql, UUID(self._meeting.meeting_id))
        return await super().get(key)


async def compare(
    client: httpx.AsyncClient, before: RecordedMeeting, after: RecordedMeeting, /, **parameters: str
) -> httpx.Response:
    runs = {"before": before.run_id, "after": after.run_id}
    return await client.get(f"/api/meetings/{before.meeting_id}/runs/compare", params=runs | parameters)


async def test_a_run_is_the_same_as_itself(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    await meeting.transcribe()
    await meeting.summarize("executive")
    await meeting.summarize("engineer")
    compared = (await compare(client, meeting, meeting)).json()
    assert (compared["turns"]["errors"]["der"], compared["words"]["errors"]["rate"]) == (0.0, 0.0)
    assert compared["turns"]["errors"]["speech"] == 2.5
    assert [one["is_changed"] for one in compared["speakers"]] == [False, False]
    assert {persona: one["parts"]["decisions"]["unchanged"] for persona, one in compared["minutes"].items()} == {
        "executive": 1,
        "engineer": 1,
    }
    assert (compared["engines"], compared["settings"]) == ({}, {})


async def test_what_a_run_does_not_have_is_named(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    await meeting.transcribe()
    other = await second_run(meeting)
    compared = (await compare(client, meeting, other)).json()
    assert (compared["turns"], compared["speakers"], compared["words"], compared["minutes"]) == (None, None, None, {})
    missing = {one["part"] for one in compared["missing"] if one["run_id"] == other.run_id}
    assert missing == {"turns", "speakers", "words", "minutes"}


async def test_engines_and_settings_that_differ_are_named(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    await meeting.transcribe()
    other = await second_run(meeting)
    await other.transcribe()
    await meeting.gateway.database.execute(
        "UPDATE facts SET report = jsonb_set(report, '{engine,name}', '\"pyannote\"')"
        " WHERE run_id = $1 AND stage = 'diarize'",
        UUID(other.run_id),
    )
    compared = (await compare(client, meeting, other)).json()
    assert {stage: one["after"]["name"] for stage, one in compared["engines"].items()} == {"diarize": "pyannote"}
    assert compared["settings"]["transcriber.language"] == {"before": None, "after": "de"}


async def test_a_meeting_that_is_deleted_while_it_is_read_is_not_found(
    gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await meeting.transcribe()
    run_id, comparisons = UUID(meeting.run_id), Comparisons(gateway.database, DeletedUnderWay(gateway, meeting))
    with pytest.raises(MeetingNotFound):
        await comparisons.json("default", UUID(meeting.meeting_id), run_id, run_id, collar=0.0)


async def test_a_run_of_another_meeting_is_not_found(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    stranger = await accept_meeting(client, gateway)
    for before, after in ((meeting, stranger), (stranger, meeting)):
        runs = {"before": before.run_id, "after": after.run_id}
        answer = await client.get(f"/api/meetings/{meeting.meeting_id}/runs/compare", params=runs)
        assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"before": "nothing"}, "run_not_found"),
        ({"collar": "-1"}, "invalid_request"),
        ({"collar": "nan"}, "invalid_request"),
    ],
)
async def test_a_request_that_makes_no_sense_is_a_problem(
    client: httpx.AsyncClient, meeting: RecordedMeeting, parameters: dict[str, str], code: str
) -> None:
    assert (await compare(client, meeting, meeting, **parameters)).json()["code"] == code
