"""Brings a recording to -23 LUFS (EBU R128) by one gain for all of it, so that its dynamics stay."""

from collections.abc import Callable
from pathlib import Path

import ffmpeg as command_line

from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.errors import PipelineError
from services.normalizer.decoding import MEASURE, Decoded, audible, to_arguments
from services.normalizer.ffmpeg import Ffmpeg, run_ffmpeg
from services.normalizer.ffmpeg_log import FfmpegLog
from services.normalizer.recording import Loudness

TARGET_LUFS = -23.0
PEAK_DBTP = -1.0

_SILENCE_LUFS = -65.0
"""What is quieter is noise: it stays as it is."""

_OVERSAMPLING = 4
_LIMITER_MARGIN_DB = 0.5


class NormalizationFailed(PipelineError):
    """ffmpeg failed on a file that it had written itself."""

    code = "normalization_failed"
    retryable = True


async def normalize_loudness(
    ffmpeg: Ffmpeg, decoded: Path, target: Path, measured: Decoded, *, progress: Callable[[float], None]
) -> Loudness:
    """Write `decoded` to `target`, 16 bit FLAC, with the gain that its measured loudness asks for.

    Raises:
        NormalizationFailed: ffmpeg failed.
    """
    gain_db = _gain(measured.loudness_lufs)
    is_limited = measured.peak_dbtp is not None and measured.peak_dbtp + gain_db > PEAK_DBTP
    log = FfmpegLog()

    def note(seconds: float) -> None:
        progress(min(1.0, seconds / measured.duration) if measured.duration else 1.0)

    arguments = _arguments(ffmpeg, target, _filters(gain_db, is_limited=is_limited))
    status = await run_ffmpeg(ffmpeg, arguments, source=decoded, log=log, on_time=note)
    if status != 0:
        raise NormalizationFailed(f"ffmpeg ended with status {status}: {'; '.join(log.faults)}")
    return Loudness(
        measured_lufs=measured.loudness_lufs,
        measured_peak_dbtp=measured.peak_dbtp,
        gain_db=gain_db,
        is_limited=is_limited,
        result_lufs=audible(log.loudness_lufs),
    )


def is_silent(loudness_lufs: float | None) -> bool:
    """Whether a recording holds nothing that could be speech."""
    return loudness_lufs is None or loudness_lufs < _SILENCE_LUFS


def _gain(loudness_lufs: float | None) -> float:
    if loudness_lufs is None or is_silent(loudness_lufs):
        return 0.0
    return round(TARGET_LUFS - loudness_lufs, 2)


def _filters(gain_db: float, *, is_limited: bool) -> str:
    filters = [f"volume={gain_db}dB:precision=double"]
    if is_limited:
        limit = 10 ** ((PEAK_DBTP - _LIMITER_MARGIN_DB) / 20)
        # Peaks between the samples only show at a higher rate.
        filters += [
            f"aresample={_OVERSAMPLING * SAMPLE_RATE_HZ}",
            f"alimiter=limit={limit:.4f}:attack=5:release=50:level=false:latency=true",
            f"aresample={SAMPLE_RATE_HZ}",
        ]
    return ",".join([*filters, MEASURE, "aformat=sample_fmts=s16"])


def _arguments(ffmpeg: Ffmpeg, target: Path, filters: str) -> list[str]:
    source = command_line.input(ffmpeg.url, format_whitelist="flac", **ffmpeg.input_options)
    output = command_line.output(source, f"file:{target}", af=filters, **{"c:a": "flac", "f": "flac"})
    return to_arguments(output)
