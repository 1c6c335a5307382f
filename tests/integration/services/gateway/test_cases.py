"""Cases: a meeting's events and artifacts as one file."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from libs.common.cases.contents import Manifest
from libs.common.errors import StorageUnavailable
from libs.common.events import AudioNormalized, ChunkTranscribed, MeetingEvent, SpeechDiarized
from libs.common.outcome import Outcome, PublishedEvent, Unit, outcome_key
from libs.common.speech import Diarization, Segment, Turn
from libs.common.storage import ObjectStore
from libs.common.transcript import language_key
from services.gateway.gateway import Gateway
from services.gateway.runs.cases import CaseWish
from services.gateway.runs.packing import pack
from services.gateway.settings import GatewaySettings
from tests.integration.line import REPORT
from tests.integration.services.gateway.meeting_rows import RecordedMeeting, accept_meeting
from tests.integration.services.gateway.rows import MODEL, VOICE, accept_sample

MEETING = "3f0c8f6e-5f43-4c5e-9d0e-2f4a3b1c9d70"
GALLERY = f"galleries/default/{MODEL.id}.json"


class Exported:
    """The answer, unpacked."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, answer.text
        self.zip = zipfile.ZipFile(io.BytesIO(answer.content))
        self.manifest = Manifest.model_validate_json(self.zip.read("manifest.json"))
        self.events = [json.loads(line) for line in self.zip.read("events.jsonl").splitlines()]

    @property
    def objects(self) -> set[str]:
        return {one.removeprefix("objects/") for one in self.zip.namelist() if one.startswith("objects/")}


async def diarized(client: httpx.AsyncClient, gateway: Gateway) -> tuple[RecordedMeeting, dict[str, str]]:
    """A meeting whose voices are found, and the keys of its objects by name; somebody is enrolled."""
    meeting = await accept_meeting(client, gateway)
    keys = {"embedding": await meeting.keep("0/embedding.json", VOICE)}
    await meeting.keep("1/left_by_a_loser.json", VOICE)
    turns = Diarization(turns=(Turn(start=0, end=1, label="SPEAKER_00"),), embeddings={"SPEAKER_00": keys["embedding"]})
    keys["turns"] = await meeting.keep("0/turns.json", turns)
    keys["audio"] = f"meetings/{meeting.meeting_id}/{meeting.run_id}/0/audio.flac"
    await gateway.store.put(keys["audio"], b"fLaC" * 1000)
    await gateway.store.put(GALLERY, b"{}")
    normalized = AudioNormalized(**meeting.subject, audio_key=keys["audio"], duration=1)
    await meeting.record("normalize", normalized)
    found = SpeechDiarized(**meeting.subject, audio_key=keys["audio"], duration=1, turns_key=keys["turns"])
    await commit(meeting, Unit(run_id=meeting.run_id, stage="diarize"), normalized, found)
    return meeting, keys


async def commit(meeting: RecordedMeeting, unit: Unit, asked: MeetingEvent, answer: MeetingEvent) -> None:
    """An outcome as a worker writes it, and the fact that follows."""
    published = (PublishedEvent.of(answer),)
    outcome = Outcome(unit=unit, status="finished", published=published, report=REPORT, input=PublishedEvent.of(asked))
    await meeting.gateway.store.put(outcome_key(answer.folder, unit), outcome.model_dump_json().encode())
    await meeting.record(unit.stage, answer, part=unit.part)


async def test_a_meeting_is_exported_with_all_that_its_events_name(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting, keys = await diarized(client, gateway)
    answer = await client.get(f"/api/meetings/{meeting.meeting_id}/export")
    exported = Exported(answer)
    assert "attachment" in answer.headers["content-disposition"]
    assert [one["stream"] for one in exported.events] == [
        "meeting.accepted.v1",
        "audio.normalized.v1",
        "speech.diarized.v1",
    ]
    assert [one["report"]["attempts"] for one in exported.events] == [1, 1, 1]
    upload = exported.events[0]["body"]["upload_key"]
    folder = f"meetings/{meeting.meeting_id}/{meeting.run_id}"
    named = {keys["embedding"], keys["turns"], keys["audio"], upload}
    assert exported.objects == {*named, f"{folder}/request.json", f"{folder}/diarize.json"}
    assert exported.zip.read(f"objects/{upload}") == b"sound"
    assert exported.zip.testzip() is None
    assert (exported.manifest.meeting_id, exported.manifest.current_run_id) == (meeting.meeting_id, meeting.run_id)
    assert (exported.manifest.missing, exported.manifest.has_voices) == ((), False)


async def test_voices_are_exported_only_if_they_are_asked_for(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting, _ = await diarized(client, gateway)
    without = Exported(await client.get(f"/api/meetings/{meeting.meeting_id}/export"))
    with_voices = Exported(await client.get(f"/api/meetings/{meeting.meeting_id}/export?voices=true"))
    assert (GALLERY in without.objects, without.manifest.has_voices) == (False, False)
    assert (GALLERY in with_voices.objects, with_voices.manifest.has_voices) == (True, True)


async def test_recordings_that_are_not_wanted_are_listed(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting, keys = await diarized(client, gateway)
    exported = Exported(await client.get(f"/api/meetings/{meeting.meeting_id}/export?recording=false"))
    upload = exported.events[0]["body"]["upload_key"]
    assert set(exported.manifest.left_out) == {keys["audio"], upload}
    assert not exported.objects & {keys["audio"], upload}


async def test_what_was_erased_is_listed_and_no_error(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting, keys = await diarized(client, gateway)
    await gateway.store.delete([keys["embedding"], keys["audio"]])
    exported = Exported(await client.get(f"/api/meetings/{meeting.meeting_id}/export"))
    assert set(exported.manifest.missing) == {keys["embedding"], keys["audio"]}
    assert keys["turns"] in exported.objects


async def test_a_unit_is_exported_with_what_its_stage_needs(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting, keys = await diarized(client, gateway)
    folder = f"meetings/{meeting.meeting_id}/{meeting.run_id}"
    unit = {"event": "normalize#0"}
    diarize = Exported(await client.get(f"/api/runs/{meeting.run_id}/export", params=unit))
    assert diarize.objects == {
        keys["audio"], keys["turns"], keys["embedding"], f"{folder}/request.json", f"{folder}/diarize.json",
    }  # fmt: skip
    assert diarize.manifest.event == f"{meeting.run_id}/normalize#0"
    match = {"event": "diarize#0", "voices": "true"}
    matched = Exported(await client.get(f"/api/runs/{meeting.run_id[:8]}/export", params=match))
    assert matched.objects == {keys["turns"], keys["embedding"], f"{folder}/request.json", GALLERY}
    assert matched.manifest.left_out == (keys["audio"],)


async def test_a_transcript_is_assembled_from_all_chunks_of_the_case(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    meeting, _ = await diarized(client, gateway)
    folder = f"meetings/{meeting.meeting_id}/{meeting.run_id}"
    for index in range(2):
        chunk = ChunkTranscribed(
            **meeting.subject, audio_key="a", duration=2, turns_key="t", speakers_key="s", index=index, num_chunks=2,
            segment=Segment(start=index, end=index + 1), words_key=f"{folder}/{index}/words.json",
        )  # fmt: skip
        await gateway.store.put(f"{folder}/{index}/words.json", b"{}")
        await commit(meeting, Unit(run_id=meeting.run_id, stage="transcribe", part=chunk.part), chunk, chunk)
    await gateway.store.put(language_key(folder), b"{}")
    unit = {"event": "transcribe.00001#0"}
    exported = Exported(await client.get(f"/api/runs/{meeting.run_id}/export", params=unit))
    assert exported.objects == {
        f"{folder}/request.json", f"{folder}/transcribe.00000.json", f"{folder}/transcribe.00001.json",
        f"{folder}/0/words.json", f"{folder}/1/words.json", language_key(folder),
    }  # fmt: skip


async def test_events_that_a_run_took_over_name_the_run_that_worked_them(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    meeting, _ = await diarized(client, gateway)
    await gateway.database.execute("UPDATE facts SET worked_in = $1 WHERE stage = 'normalize'", UUID(MEETING))
    exported = Exported(await client.get(f"/api/meetings/{meeting.meeting_id}/export"))
    assert [one["worked_in"] for one in exported.events] == [None, MEETING, None]


async def test_runs_of_samples_are_exported_too(client: httpx.AsyncClient, gateway: Gateway) -> None:
    sample = await accept_sample(gateway.database)
    exported = Exported(await client.get(f"/api/runs/{sample.run_id}/export"))
    assert exported.manifest.sample_id == sample.sample_id
    assert [one["stream"] for one in exported.events] == ["sample.accepted.v1"]


async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting, _ = await diarized(client, gateway)
    run = f"/api/runs/{meeting.run_id}/export"
    for address, code in (
        (f"/api/meetings/{MEETING}/export", "meeting_not_found"),
        (f"/api/meetings/{meeting.meeting_id}/export?run={MEETING}", "run_not_found"),
        (f"/api/runs/{MEETING}/export", "run_not_found"),
        ("/api/runs/no-uuid/export", "run_not_found"),
        (f"{run}?event=match%230", "event_not_found"),
    ):
        answer = await client.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    await gateway.database.execute("INSERT INTO workspaces (id) VALUES ('other')")
    await gateway.database.execute("UPDATE runs SET workspace = 'other'")
    await gateway.database.execute("UPDATE meetings SET workspace = 'other'")
    for address in (run, f"/api/meetings/{meeting.meeting_id}/export"):
        assert (await client.get(address)).status_code == 404


async def test_a_large_recording_is_sent_piece_by_piece(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting, keys = await diarized(client, gateway)
    recording = bytes(range(256)) * 100_000
    await gateway.store.put(keys["audio"], recording)
    contents = await gateway.cases.of_meeting("default", UUID(meeting.meeting_id), None, CaseWish())
    pieces = [piece async for piece in pack(contents, gateway.store)]
    assert max(map(len, pieces)) < len(recording) / 8
    assert zipfile.ZipFile(io.BytesIO(b"".join(pieces))).read(f"objects/{keys['audio']}") == recording


class FailingStore(ObjectStore):
    """Breaks down while it reads a recording."""

    async def read(self, key: str) -> AsyncIterator[bytes]:
        yield b"fLaC"
        raise StorageUnavailable("it broke down")


async def test_a_store_that_breaks_down_leaves_no_file_that_looks_whole(
    client: httpx.AsyncClient, gateway: Gateway, settings: GatewaySettings
) -> None:
    meeting, _ = await diarized(client, gateway)
    contents = await gateway.cases.of_meeting("default", UUID(meeting.meeting_id), None, CaseWish())
    sent = bytearray()

    async def send() -> None:
        async for piece in pack(contents, FailingStore.open(settings.object_store_url)):
            sent.extend(piece)

    with pytest.raises(StorageUnavailable):
        await send()
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(sent))


async def test_what_a_client_wrote_leads_to_no_object(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting, _ = await diarized(client, gateway)
    vocabulary = [f"meetings/{meeting.meeting_id}/{end}" for end in ("../../galleries/default/x.json", "x" * 300)]
    key = f"meetings/{meeting.meeting_id}/{meeting.run_id}/request.json"
    await gateway.store.put(key, json.dumps({"vocabulary": vocabulary}).encode())
    exported = Exported(await client.get(f"/api/meetings/{meeting.meeting_id}/export"))
    assert (key in exported.objects, exported.manifest.missing) == (True, ())


async def test_an_event_that_no_stage_consumes_is_refused(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting, _ = await diarized(client, gateway)
    await meeting.fail("match")
    answer = await client.get(f"/api/runs/{meeting.run_id}/export", params={"event": "match#0"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "event")
