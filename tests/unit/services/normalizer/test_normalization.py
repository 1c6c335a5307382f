from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from services.normalizer.decoding import Limit
from services.normalizer.errors import RecordingTooLong
from services.normalizer.ffmpeg import Ffmpeg
from services.normalizer.normalization import Normalized, normalize
from tests.unit.services.normalizer.conftest import RATE_HZ, MakeRecording, speechlike

NOISE = np.random.default_rng(7)


async def _normalize(ffmpeg: Ffmpeg, upload: Path, fractions: list[float] | None = None) -> Normalized:
    return await normalize(
        ffmpeg,
        upload,
        upload.parent / "audio.flac",
        limit=Limit(duration=3600.0, error=RecordingTooLong),
        progress=(fractions if fractions is not None else []).append,
    )


def _bursts() -> NDArray[np.float64]:
    """Quiet speech with a loud clap every few seconds: the limiter has to act."""
    samples = speechlike(40.0, peak=0.02)
    for second in range(2, 40, 4):
        samples[second * RATE_HZ : second * RATE_HZ + 40] = 0.9 * np.sin(np.arange(40))
    return samples


@pytest.mark.parametrize(
    ("kind", "samples"),
    [
        ("at -41 dBFS", speechlike(20.0, peak=0.05)),
        ("very quiet", speechlike(20.0, peak=0.01)),
        ("normal", speechlike(20.0)),
        ("clipped", np.clip(speechlike(20.0, peak=5.0), -1.0, 1.0)),
        ("mostly silence", np.concatenate([np.zeros(300 * RATE_HZ), speechlike(10.0, peak=0.1)])),
        ("with claps", _bursts()),
    ],
)
async def test_every_recording_comes_out_at_23_lufs_below_zero(
    kind: str, samples: NDArray[np.float64], ffmpeg: Ffmpeg, make_recording: MakeRecording
) -> None:
    upload = make_recording("in.flac", samples)

    loudness = (await _normalize(ffmpeg, upload)).recording.loudness
    again = (await _normalize(ffmpeg, upload.parent / "audio.flac")).recording.loudness

    assert loudness.result_lufs == pytest.approx(-23.0, abs=1.0)
    assert again.measured_lufs == pytest.approx(-23.0, abs=1.0)
    assert again.measured_peak_dbtp is not None
    assert again.measured_peak_dbtp <= 0.0


async def test_one_gain_for_all_keeps_the_dynamics(ffmpeg: Ffmpeg, make_recording: MakeRecording) -> None:
    samples = np.concatenate([speechlike(10.0, peak=0.05), speechlike(10.0, peak=0.02)])
    upload = make_recording("in.flac", samples)

    recording = (await _normalize(ffmpeg, upload)).recording

    result, _ = soundfile.read(upload.parent / "audio.flac")
    assert not recording.loudness.is_limited
    np.testing.assert_allclose(result, samples * 10 ** (recording.loudness.gain_db / 20), atol=1e-4)


async def test_the_limiter_moves_nothing_in_time(ffmpeg: Ffmpeg, make_recording: MakeRecording) -> None:
    samples = _bursts()
    upload = make_recording("in.flac", samples)

    recording = (await _normalize(ffmpeg, upload)).recording

    result, _ = soundfile.read(upload.parent / "audio.flac")
    assert recording.loudness.is_limited
    assert len(result) == len(samples)
    quiet = slice(3 * RATE_HZ, 5 * RATE_HZ)
    assert np.corrcoef(result[quiet], samples[quiet])[0, 1] > 0.95


@pytest.mark.parametrize(
    "samples", [np.zeros(5 * RATE_HZ), NOISE.normal(size=5 * RATE_HZ) * 1e-4], ids=["digital silence", "hiss"]
)
async def test_silence_is_not_amplified(
    samples: NDArray[np.float64], ffmpeg: Ffmpeg, make_recording: MakeRecording
) -> None:
    upload = make_recording("in.flac", samples)

    normalized = await _normalize(ffmpeg, upload)

    result, _ = soundfile.read(upload.parent / "audio.flac")
    assert normalized.recording.loudness.gain_db == 0.0
    assert np.abs(result).max() <= np.abs(samples).max() + 1e-4
    assert [code for code, _ in normalized.warnings] == ["silent_recording"]


async def test_damage_and_further_streams_are_told(
    ffmpeg: Ffmpeg, make_recording: MakeRecording, tmp_path: Path
) -> None:
    damaged = make_recording("damaged.flac", speechlike(20.0))
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 2])
    several = make_recording("several.mka", speechlike(3.0), "-map", "0:a", "-map", "0:a", "-c:a", "flac")

    assert [code for code, _ in (await _normalize(ffmpeg, damaged)).warnings] == ["damaged_recording"]
    assert [code for code, _ in (await _normalize(ffmpeg, several)).warnings] == ["several_audio_streams"]


async def test_progress_rises_to_the_end(ffmpeg: Ffmpeg, make_recording: MakeRecording) -> None:
    fractions: list[float] = []

    await _normalize(ffmpeg, make_recording("in.flac", speechlike(60.0)), fractions)

    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0, abs=0.01)


async def test_nothing_but_the_audio_stays_on_the_disk(
    ffmpeg: Ffmpeg, make_recording: MakeRecording, tmp_path: Path
) -> None:
    upload = make_recording("in.flac", speechlike(3.0))

    await _normalize(ffmpeg, upload)

    assert _names(tmp_path) == ["audio.flac", "in.flac"]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
