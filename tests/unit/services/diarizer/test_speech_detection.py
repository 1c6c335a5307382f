from pathlib import Path

import numpy as np
import pytest

from libs.common.audio import audio_duration, read_blocks
from services.diarizer.speech_detection import FRAME_SECONDS, SpeechDetector, speech_segments

SHORT_MEETING = Path("samples/short/short.flac")


@pytest.fixture(scope="module")
def detector() -> SpeechDetector:
    return SpeechDetector()


def found(pattern: str, **durations: float) -> list[tuple[int, int]]:
    """Segments, in frames, for a pattern of speech (`#`) and silence (`.`)."""
    probabilities = np.array([0.9 if sign == "#" else 0.0 for sign in pattern], np.float32)
    segments = speech_segments(probabilities, duration=len(pattern) * FRAME_SECONDS, **durations)
    return [(round(one.start / FRAME_SECONDS), round(one.end / FRAME_SECONDS)) for one in segments]


def test_blocks_of_any_size_give_what_the_whole_recording_gives(detector: SpeechDetector) -> None:
    (whole,) = read_blocks(SHORT_MEETING, block_seconds=60.0)

    at_once = detector.probabilities([whole.samples])
    in_blocks = detector.probabilities(np.array_split(whole.samples, 23))

    assert len(at_once) == int(whole.duration / FRAME_SECONDS)
    assert np.allclose(at_once, in_blocks, atol=1e-4)


def test_speech_is_told_from_silence_and_from_a_tone(detector: SpeechDetector) -> None:
    seconds = np.arange(5 * 16_000) / 16_000
    sounds = [np.zeros(5 * 16_000, np.float32), np.asarray(0.3 * np.sin(2 * np.pi * 440 * seconds), np.float32)]
    speech = detector.probabilities(block.samples for block in read_blocks(SHORT_MEETING, block_seconds=10.0))

    assert speech_segments(speech, duration=audio_duration(SHORT_MEETING))
    for sound in sounds:
        assert speech_segments(detector.probabilities([sound]), duration=5.0) == []


def test_no_audio_has_no_speech(detector: SpeechDetector) -> None:
    assert speech_segments(detector.probabilities([]), duration=0.0) == []


def test_segments_are_padded_and_never_leave_the_recording() -> None:
    assert found("..........##########") == [(8, 20)]
    assert found("##########..........") == [(0, 12)]


def test_a_pause_shorter_than_a_breath_does_not_divide() -> None:
    assert len(found("#" * 20 + "." * 5 + "#" * 20)) == 1
    assert len(found("#" * 20 + "." * 12 + "#" * 20)) == 2


def test_a_click_is_no_speech() -> None:
    assert found("." * 20 + "##" + "." * 20) == []
