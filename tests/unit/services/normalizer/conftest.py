import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from services.normalizer.ffmpeg import Ffmpeg, find_ffmpeg

RATE_HZ = 16_000

MakeRecording = Callable[..., Path]


def _programs() -> list[str]:
    """The ffmpeg of the wheel (which has `fd:`) and, where there is one, the older one of the system."""
    system = Path("/usr/bin/ffmpeg")
    return [imageio_ffmpeg.get_ffmpeg_exe(), *([str(system)] if system.exists() else [])]


@pytest.fixture(params=_programs(), ids=lambda program: Path(program).name[:12])
def ffmpeg(request: pytest.FixtureRequest) -> Ffmpeg:
    return find_ffmpeg(Path(request.param))


@pytest.fixture
def make_recording(tmp_path: Path) -> MakeRecording:
    """Writes samples (-1 to 1) to a file; anything but WAV and FLAC is encoded by ffmpeg, with its options."""

    def make(name: str, samples: NDArray[np.float64], *options: str, rate_hz: int = RATE_HZ) -> Path:
        path = tmp_path / name
        if path.suffix in {".wav", ".flac"} and not options:
            soundfile.write(path, samples, rate_hz, subtype="PCM_24")
            return path
        plain = tmp_path / f"{name}.plain.wav"
        soundfile.write(plain, samples, rate_hz, subtype="PCM_24")
        program = imageio_ffmpeg.get_ffmpeg_exe()
        subprocess.run([program, "-v", "error", "-y", "-i", plain, *options, path], check=True)
        return path

    return make


def speechlike(seconds: float, *, peak: float = 0.3, seed: int = 0) -> NDArray[np.float64]:
    """Noise that comes in syllables: 4 Hz bursts over a low murmur, as loud as `peak` at most."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(seed).normal(size=len(time))
    shaped = noise * (0.02 + np.clip(np.sin(2 * np.pi * 4 * time), 0, 1) ** 2)
    return np.asarray(shaped / np.abs(shaped).max() * peak)
