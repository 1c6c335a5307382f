from pathlib import Path

import numpy as np
import pytest
import soundfile

from libs.common.audio import SAMPLE_RATE_HZ, UnreadableAudio, audio_duration, read_blocks, read_segment
from libs.common.speech import Segment


@pytest.fixture
def ramp() -> np.ndarray:
    """Two and a half seconds in which every sample is different, so that a shift by one shows."""
    return np.arange(int(2.5 * SAMPLE_RATE_HZ), dtype=np.int16)


@pytest.fixture
def recording(tmp_path: Path, ramp: np.ndarray) -> Path:
    path = tmp_path / "audio.flac"
    soundfile.write(path, ramp, SAMPLE_RATE_HZ)
    return path


def test_blocks_cover_the_recording_exactly(recording: Path, ramp: np.ndarray) -> None:
    blocks = list(read_blocks(recording, block_seconds=1.0))

    assert [block.start for block in blocks] == [0.0, 1.0, 2.0]
    assert [block.duration for block in blocks] == [1.0, 1.0, 0.5]
    np.testing.assert_array_equal(np.concatenate([block.samples for block in blocks]) * 32768, ramp)


def test_blocks_of_a_segment_start_at_the_segment(recording: Path, ramp: np.ndarray) -> None:
    blocks = list(read_blocks(recording, block_seconds=1.0, segment=Segment(start=0.25, end=1.75)))

    assert [block.start for block in blocks] == [0.25, 1.25]
    np.testing.assert_array_equal(
        np.concatenate([block.samples for block in blocks]) * 32768,
        ramp[int(0.25 * SAMPLE_RATE_HZ) : int(1.75 * SAMPLE_RATE_HZ)],
    )


def test_a_segment_is_cut_at_its_own_samples(recording: Path, ramp: np.ndarray) -> None:
    samples = read_segment(recording, Segment(start=0.5, end=0.75))

    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples * 32768, ramp[8000:12000])


@pytest.mark.parametrize(("segment", "num_samples"), [((2.0, 9.0), 8000), ((7.0, 9.0), 0), ((1.0, 1.0), 0)])
def test_nothing_is_read_past_the_end(recording: Path, segment: tuple[float, float], num_samples: int) -> None:
    assert len(read_segment(recording, Segment(start=segment[0], end=segment[1]))) == num_samples


def test_the_duration_is_exact(recording: Path) -> None:
    assert audio_duration(recording) == 2.5


def test_a_recording_that_is_not_normalized_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "stereo.flac", np.zeros((100, 2)), SAMPLE_RATE_HZ)
    soundfile.write(tmp_path / "fast.flac", np.zeros(100), 44_100)
    (tmp_path / "text.flac").write_text("not audio")

    for name in ("stereo.flac", "fast.flac", "text.flac"):
        with pytest.raises(UnreadableAudio):
            audio_duration(tmp_path / name)


def test_a_recording_that_was_cut_off_is_not_passed_off_as_complete(tmp_path: Path) -> None:
    path = tmp_path / "audio.flac"
    noise = np.random.default_rng(0).integers(-9000, 9000, SAMPLE_RATE_HZ * 4).astype(np.int16)
    soundfile.write(path, noise, SAMPLE_RATE_HZ)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(UnreadableAudio):
        list(read_blocks(path, block_seconds=1.0))
