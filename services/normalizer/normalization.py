"""A recording of any kind to `audio.flac`, and what is to be said about it."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from libs.common.audio import audio_duration
from services.normalizer.decoding import Decoded, Limit, decode, file_size
from services.normalizer.ffmpeg import Ffmpeg
from services.normalizer.loudness import is_silent, normalize_loudness
from services.normalizer.recording import Recording

_DECODING_SHARE = 0.7
"""Of the time that normalizing takes."""


@dataclass(frozen=True)
class Normalized:
    """A normalized recording and the warnings that go with it."""

    recording: Recording
    warnings: tuple[tuple[str, str], ...]
    """Codes and texts."""


async def normalize(
    ffmpeg: Ffmpeg, upload: Path, target: Path, *, limit: Limit, progress: Callable[[float], None]
) -> Normalized:
    """Write `upload` to `target` as 16 kHz mono FLAC at -23 LUFS.

    Raises:
        RecordingError: Its subclass says what is wrong with the recording.
    """
    with tempfile.TemporaryDirectory(prefix="hansard-", dir=target.parent) as folder:
        middle = Path(folder) / "decoded.flac"
        decoded = await decode(
            ffmpeg, upload, middle, limit=limit, progress=lambda done: progress(_DECODING_SHARE * done)
        )
        loudness = await normalize_loudness(
            ffmpeg,
            middle,
            target,
            decoded,
            progress=lambda done: progress(_DECODING_SHARE + (1 - _DECODING_SHARE) * done),
        )
    recording = Recording(
        duration=audio_duration(target),
        size_bytes=file_size(upload),
        source=decoded.source,
        loudness=loudness,
        ffmpeg=ffmpeg.version,
    )
    return Normalized(recording=recording, warnings=tuple(_warnings(decoded)))


def _warnings(decoded: Decoded) -> Iterator[tuple[str, str]]:
    if decoded.damage is not None:
        yield "damaged_recording", f"the recording is damaged: {decoded.damage}"
    if is_silent(decoded.loudness_lufs):
        yield "silent_recording", "the recording is silent or too short to measure; its loudness was left as it is"
    if decoded.source.num_audio_streams > 1:
        yield (
            "several_audio_streams",
            f"the file has {decoded.source.num_audio_streams} audio streams; one of them was read",
        )
