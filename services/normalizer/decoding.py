"""Any recording to 16 kHz mono: reads what a client sent, measures its loudness, and says what is wrong with it."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ffmpeg as command_line
from ffmpeg.nodes import OutputStream

from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.errors import DeadlineExceeded
from services.normalizer.encryption import is_encrypted
from services.normalizer.errors import (
    CorruptRecording,
    EmptyRecording,
    EncryptedRecording,
    NoAudioStream,
    RecordingTooLong,
    UnsupportedFormat,
)
from services.normalizer.ffmpeg import Ffmpeg, run_ffmpeg
from services.normalizer.ffmpeg_log import FfmpegLog
from services.normalizer.formats import CONTAINERS
from services.normalizer.movie_header import movie_sound_duration
from services.normalizer.recording import SourceFormat

MEASURE = "ebur128=peak=true:framelog=verbose"
"""EBU R128 as a filter that changes nothing; its summary is in the log."""

_MAX_PIECE_BYTES = 128 * 2**20
_LOWEST_BYTES_PER_SECOND = 300
_SLOWEST_SPEED = 15.0
_START_SECONDS = 60.0
_SLOWEST_BYTES_PER_SECOND = 2e6
_COMPLETE = 0.95
_TINY = 0.05


@dataclass(frozen=True)
class Limit:
    """The longest recording that is accepted, and the error for one that is longer."""

    duration: float
    error: type[RecordingTooLong]


@dataclass(frozen=True)
class Decoded:
    """What could be read of a recording; the samples are in the file that was asked for."""

    duration: float
    source: SourceFormat
    loudness_lufs: float | None
    """`None` if it is silent."""

    peak_dbtp: float | None
    damage: str | None
    """What is wrong with a recording that could only be read in part."""


async def decode(
    ffmpeg: Ffmpeg, upload: Path, target: Path, *, limit: Limit, progress: Callable[[float], None]
) -> Decoded:
    """Write all sound of `upload` to `target` as 16 kHz mono FLAC with 24 bits; decoding ends at the limit.

    Raises:
        RecordingError: Its subclass says what is wrong with the recording.
        DeadlineExceeded: It took far longer than its size explains.
    """
    size_bytes = file_size(upload)
    if size_bytes == 0:
        raise EmptyRecording("the file is empty")
    log, written = FfmpegLog(), 0.0

    def note(seconds: float) -> None:
        nonlocal written
        written = max(written, seconds)
        progress(min(1.0, written / log.stated_duration) if log.stated_duration else 0.0)

    try:
        async with asyncio.timeout(decoding_deadline(size_bytes, limit.duration)):
            status = await run_ffmpeg(ffmpeg, _arguments(ffmpeg, target, limit), source=upload, log=log, on_time=note)
    except TimeoutError as error:
        raise DeadlineExceeded("the recording took too long to decode") from error
    await _refuse_unusable(upload, log, status, written, limit)
    return Decoded(
        duration=written,
        source=log.source,
        loudness_lufs=audible(log.loudness_lufs),
        peak_dbtp=log.peak_dbtp if log.peak_dbtp is not None and math.isfinite(log.peak_dbtp) else None,
        damage=_damage(log, status, written, await asyncio.to_thread(_stated_duration, log, upload)),
    )


def decoding_deadline(size_bytes: int, max_duration: float) -> float:
    """Seconds that decoding may take: from the longest recording that a file of this size can hold."""
    longest = min(max_duration, size_bytes / _LOWEST_BYTES_PER_SECOND)
    return _START_SECONDS + longest / _SLOWEST_SPEED + size_bytes / _SLOWEST_BYTES_PER_SECOND


def file_size(path: Path) -> int:
    """Bytes of a local file."""
    return path.stat().st_size


def to_arguments(output: OutputStream) -> list[str]:
    """Arguments for `run_ffmpeg`: a log that `FfmpegLog` reads, progress, and a bound on each piece of memory."""
    flags = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info", "-progress", "pipe:1")
    memory = ("-max_alloc", str(_MAX_PIECE_BYTES))
    return [str(one) for one in output.global_args(*flags, *memory).overwrite_output().get_args()]


def audible(loudness_lufs: float | None) -> float | None:
    """The loudness, or `None` where nothing passes the absolute gate of EBU R128 at -70 LUFS."""
    return loudness_lufs if loudness_lufs is not None and -70.0 < loudness_lufs < math.inf else None


def _arguments(ffmpeg: Ffmpeg, target: Path, limit: Limit) -> list[str]:
    convert = f"aresample={SAMPLE_RATE_HZ},aformat=channel_layouts=mono:sample_fmts=s32"
    # Pauses in the time stamps (a muted browser tab) become silence, so that times are those a player shows. The
    # resampler makes that silence in one piece: after the conversion it is smallest, and `max_alloc` bounds it.
    fill_pauses = "aresample=async=1:first_pts=0"
    source = command_line.input(ffmpeg.url, format_whitelist=",".join(CONTAINERS), **ffmpeg.input_options)
    output = command_line.output(
        source,
        f"file:{target}",
        af=f"{convert},{fill_pauses},{MEASURE},aformat=sample_fmts=s32",
        t=limit.duration + 1.0,
        **{"vn": None, "sn": None, "dn": None, "map_metadata": -1, "c:a": "flac", "f": "flac"},
    )
    return to_arguments(output)


async def _refuse_unusable(upload: Path, log: FfmpegLog, status: int, written: float, limit: Limit) -> None:
    reason = "; ".join(log.faults) or f"ffmpeg ended with status {status}"
    if log.is_protected or await asyncio.to_thread(is_encrypted, upload, log.container or ""):
        raise EncryptedRecording("the recording is encrypted or protected against copying")
    if log.container is None:
        raise _unreadable(reason)
    if not log.num_audio_streams:
        raise NoAudioStream(f"the file ({log.container}) has no sound")
    if written > limit.duration:
        raise limit.error(f"the recording is longer than {limit.duration:.0f} s")
    if written == 0 and log.num_faults == 0 and status == 0:
        raise EmptyRecording("the recording has a length of zero")
    if written < _TINY and (status != 0 or log.num_faults):
        raise CorruptRecording(f"nothing of the recording can be read: {reason}")


def _unreadable(reason: str) -> UnsupportedFormat | CorruptRecording:
    if "whitelist" in reason or "Protocol" in reason:
        return UnsupportedFormat("the file refers to other files or is of a kind that is not accepted")
    return CorruptRecording("the file cannot be read as audio or video")


def _stated_duration(log: FfmpegLog, upload: Path) -> float | None:
    """What the file states for its sound: a picture that lasts longer does not make the sound incomplete."""
    if log.sound_duration is None and "mp4" in (log.container or "").split(","):
        return movie_sound_duration(upload)
    return log.sound_duration


def _damage(log: FfmpegLog, status: int, written: float, stated: float | None) -> str | None:
    if status != 0 or log.num_faults:
        return f"{written:.1f} s could be read; {log.num_faults} fault(s): {'; '.join(log.faults)}"
    if stated and written < stated * _COMPLETE - 1.0:
        return f"{written:.1f} s could be read of the {stated:.1f} s that the file states"
    return None
