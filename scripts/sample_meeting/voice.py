"""Speech from flite, a small synthesizer that gives the same samples every time."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ
from scripts.sample_meeting.scenario import Person

INSTALL_HINT = "flite is not installed; on Debian and Ubuntu: apt-get install flite"


def is_installed() -> bool:
    """Whether flite is on the PATH."""
    return shutil.which("flite") is not None


def speak(text: str, person: Person) -> NDArray[np.float32]:
    """The text in the person's voice and at their level, samples of shape (num_samples,), 16 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "speech.wav"
        subprocess.run(["flite", "-voice", person.voice, "-t", text, "-o", str(wav)], check=True)
        samples, sample_rate_hz = soundfile.read(wav, dtype="float32")
    if sample_rate_hz != SAMPLE_RATE_HZ:
        raise ValueError(f"voice {person.voice} speaks at {sample_rate_hz} Hz, expected {SAMPLE_RATE_HZ}")
    gain = 10 ** (person.level_dbfs / 20) / np.sqrt(np.mean(np.square(samples)))
    return np.asarray(np.clip(samples * gain, -1, 1), dtype=np.float32)
