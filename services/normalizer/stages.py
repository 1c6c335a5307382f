"""What the normalizer does with each event."""

from collections.abc import Sequence

from libs.common.engine import EngineInfo
from libs.common.events import AudioNormalized, Event, MeetingAccepted, SampleAccepted, SampleNormalized
from libs.common.scratch import scratch_folder
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from services.normalizer.decoding import Limit, decoding_deadline
from services.normalizer.errors import RecordingTooLong, SampleTooLong
from services.normalizer.ffmpeg import Ffmpeg
from services.normalizer.normalization import normalize

_LARGEST_UPLOAD_BYTES = 8 * 2**30
"""For the deadline of a unit, which is known before its upload is looked at; the decoder has a closer one."""


def normalize_stage(
    store: ObjectStore, ffmpeg: Ffmpeg, *, max_duration: float, slots: int = 1
) -> Stage[MeetingAccepted]:
    """Recordings of meetings."""
    limit = Limit(duration=max_duration, error=RecordingTooLong)

    async def handle(event: MeetingAccepted, work: Work) -> list[AudioNormalized]:
        audio_key, recording_key, duration = await _normalize(store, ffmpeg, event.upload_key, limit, work)
        return [AudioNormalized(**event.subject, audio_key=audio_key, duration=duration, recording_key=recording_key)]

    return Stage(
        name="normalize",
        consumes=MeetingAccepted,
        handle=handle,
        slots=slots,
        deadline=lambda _event: _deadline(limit),
        audio_seconds=_audio_seconds,
        engine=_engine(ffmpeg),
    )


def normalize_sample_stage(
    store: ObjectStore, ffmpeg: Ffmpeg, *, max_duration: float, slots: int = 1
) -> Stage[SampleAccepted]:
    """Enrolment clips."""
    limit = Limit(duration=max_duration, error=SampleTooLong)

    async def handle(event: SampleAccepted, work: Work) -> list[SampleNormalized]:
        audio_key, recording_key, duration = await _normalize(store, ffmpeg, event.upload_key, limit, work)
        return [SampleNormalized(**event.subject, audio_key=audio_key, duration=duration, recording_key=recording_key)]

    return Stage(
        name="normalize_sample",
        consumes=SampleAccepted,
        handle=handle,
        slots=slots,
        deadline=lambda _event: _deadline(limit),
        audio_seconds=_audio_seconds,
        engine=_engine(ffmpeg),
    )


async def _normalize(
    store: ObjectStore, ffmpeg: Ffmpeg, upload_key: str, limit: Limit, work: Work
) -> tuple[str, str, float]:
    """Keys of the audio and of the `Recording`, and the duration."""
    async with store.local_copy(upload_key) as upload:
        with scratch_folder() as folder:
            target = folder / "audio.flac"
            normalized = await normalize(ffmpeg, upload, target, limit=limit, progress=work.progress)
            audio_key = await work.keep_file("audio.flac", target)
    for code, message in normalized.warnings:
        work.warn(code, message)
    recording_key = await work.keep("recording.json", normalized.recording)
    return audio_key, recording_key, normalized.recording.duration


def _deadline(limit: Limit) -> float:
    return 2 * decoding_deadline(_LARGEST_UPLOAD_BYTES, limit.duration)


def _audio_seconds(_event: Event, outputs: Sequence[Event]) -> float:
    """It is not known before the recording has been read."""
    return sum(one.duration for one in outputs if isinstance(one, AudioNormalized | SampleNormalized))


def _engine(ffmpeg: Ffmpeg) -> EngineInfo:
    return EngineInfo(name="ffmpeg", models={"decoder": f"ffmpeg@{ffmpeg.version}"})
