"""Reads normalized recordings (16 kHz mono FLAC) piece by piece; never the whole recording at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from libs.common.errors import PipelineError
from libs.common.speech import Segment

SAMPLE_RATE_HZ = 16_000
"""Of every normalized recording."""


class UnreadableAudio(PipelineError):
    """The file is not a normalized recording."""

    code = "unreadable_audio"


@dataclass(frozen=True)
class Block:
    """A piece of a recording."""

    start: float
    samples: NDArray[np.float32]
    """Shape (num_samples,), -1 to 1."""

    @property
    def duration(self) -> float:
        """Seconds in this block; the last one of a recording may be short."""
        return len(self.samples) / SAMPLE_RATE_HZ


def audio_duration(path: Path) -> float:
    """Seconds in the recording."""
    with _open(path) as audio:
        return int(audio.frames) / SAMPLE_RATE_HZ


def read_segment(path: Path, segment: Segment) -> NDArray[np.float32]:
    """Samples of one segment, shape (num_samples,); what lies past the end of the recording is left out."""
    with _open(path) as audio:
        start, end = (min(round(time * SAMPLE_RATE_HZ), audio.frames) for time in (segment.start, segment.end))
        audio.seek(start)
        return _read(audio, end - start)


def read_blocks(path: Path, *, block_seconds: float, segment: Segment | None = None) -> Iterator[Block]:
    """The recording (or one segment of it) as consecutive blocks; only the last may be shorter than asked for."""
    size = round(block_seconds * SAMPLE_RATE_HZ)
    if size < 1:
        raise ValueError(f"a block of {block_seconds} s holds no sample")
    with _open(path) as audio:
        position = min(round(segment.start * SAMPLE_RATE_HZ), audio.frames) if segment else 0
        end = min(round(segment.end * SAMPLE_RATE_HZ), audio.frames) if segment else audio.frames
        audio.seek(position)
        while position < end:
            samples = _read(audio, min(size, end - position))
            yield Block(start=position / SAMPLE_RATE_HZ, samples=samples)
            position += len(samples)


def _open(path: Path) -> soundfile.SoundFile:
    try:
        audio = soundfile.SoundFile(path)
    except soundfile.SoundFileError as error:
        raise UnreadableAudio(f"{path.name} cannot be read: {error}") from error
    if (audio.samplerate, audio.channels) != (SAMPLE_RATE_HZ, 1):
        found = f"{audio.samplerate} Hz with {audio.channels} channel(s)"
        audio.close()
        raise UnreadableAudio(f"{path.name} is {found}, expected {SAMPLE_RATE_HZ} Hz mono")
    return audio


def _read(audio: soundfile.SoundFile, num_samples: int) -> NDArray[np.float32]:
    try:
        samples: NDArray[np.float32] = audio.read(num_samples, dtype="float32")
    except soundfile.SoundFileError as error:
        raise UnreadableAudio(f"{audio.name} is damaged: {error}") from error
    if len(samples) < num_samples:
        raise UnreadableAudio(f"{audio.name} ends {num_samples - len(samples)} samples early")
    return samples
