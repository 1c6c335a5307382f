from pathlib import Path

import pytest

from libs.common.audio import audio_duration
from libs.common.events import AudioNormalized, MeetingAccepted, SampleAccepted, SampleNormalized
from libs.common.storage import ObjectStore
from services.normalizer.errors import SampleTooLong
from services.normalizer.ffmpeg import Ffmpeg
from services.normalizer.recording import Recording
from services.normalizer.stages import normalize_sample_stage, normalize_stage
from tests.unit.services.normalizer.conftest import MakeRecording, speechlike
from tests.work import RecordedWork

MEETING = MeetingAccepted(
    workspace="default", run_id="r1", meeting_id="m1", request_key="meetings/m1/request.json", upload_key="uploads/m1"
)
SAMPLE = SampleAccepted(workspace="default", run_id="r1", speaker_id="p1", sample_id="s1", upload_key="uploads/s1")


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore.open(f"file://{tmp_path}/objects")


async def test_a_meeting_becomes_audio_with_its_technical_data(
    store: ObjectStore, ffmpeg: Ffmpeg, make_recording: MakeRecording
) -> None:
    await store.upload(make_recording("in.mp3", speechlike(4.0)), MEETING.upload_key)
    stage = normalize_stage(store, ffmpeg, max_duration=60.0)
    work = RecordedWork(store, MEETING.folder)

    (event,) = await stage.handle(MEETING, work) or ()

    assert (stage.name, stage.consumes) == ("normalize", MeetingAccepted)
    assert isinstance(event, AudioNormalized)
    assert event.subject == MEETING.subject
    assert event.recording_key is not None
    recording = await store.load(Recording, event.recording_key)
    async with store.local_copy(event.audio_key) as audio:
        assert audio_duration(audio) == event.duration == recording.duration
    assert recording.source.codec == "mp3"
    assert recording.size_bytes == await store.size(MEETING.upload_key)
    assert work.warnings == []


async def test_a_sample_has_a_stage_and_a_limit_of_its_own(
    store: ObjectStore, ffmpeg: Ffmpeg, make_recording: MakeRecording
) -> None:
    await store.upload(make_recording("in.flac", speechlike(4.0)), SAMPLE.upload_key)
    stage = normalize_sample_stage(store, ffmpeg, max_duration=60.0)
    strict = normalize_sample_stage(store, ffmpeg, max_duration=2.0)

    (event,) = await stage.handle(SAMPLE, RecordedWork(store, SAMPLE.folder)) or ()

    assert (stage.name, stage.consumes) == ("normalize_sample", SampleAccepted)
    assert isinstance(event, SampleNormalized)
    assert (event.sample_id, event.duration) == ("s1", 4.0)
    with pytest.raises(SampleTooLong):
        await strict.handle(SAMPLE, RecordedWork(store, SAMPLE.folder))


async def test_warnings_reach_the_outcome(store: ObjectStore, ffmpeg: Ffmpeg, make_recording: MakeRecording) -> None:
    await store.upload(make_recording("in.flac", speechlike(4.0, peak=1e-4)), MEETING.upload_key)
    work = RecordedWork(store, MEETING.folder)

    await normalize_stage(store, ffmpeg, max_duration=60.0).handle(MEETING, work)

    assert [code for code, _ in work.warnings] == ["silent_recording"]


def test_the_deadline_leaves_time_for_the_longest_meeting(store: ObjectStore, ffmpeg: Ffmpeg) -> None:
    stage = normalize_stage(store, ffmpeg, max_duration=21_600.0)

    assert stage.deadline(MEETING) > 21_600.0 / 10
