import pytest

from libs.common.errors import InvalidSettings
from libs.common.speech import SpeakerBounds
from services.diarizer.engines.pyannote.memory import MemoryLimit, expected_mb
from services.diarizer.errors import RecordingTooLong
from services.diarizer.settings import DiarizerSettings

FREE = SpeakerBounds()


def test_a_recording_that_needs_more_than_the_limit_is_refused_with_both_figures() -> None:
    limit = MemoryLimit.of(DiarizerSettings(engine_memory_mb=2048))

    limit.check(600, FREE)
    with pytest.raises(RecordingTooLong, match=r"240 minutes need about \d+ MB .* 2048 MB may be used"):
        limit.check(4 * 3600, FREE)


def test_more_voices_need_more_memory() -> None:
    limit = MemoryLimit(expected_mb(3600, voices=10))

    limit.check(3600, FREE)
    limit.check(3600, SpeakerBounds(max_speakers=4))
    with pytest.raises(RecordingTooLong):
        limit.check(3600, SpeakerBounds(num_speakers=20))


def test_a_limit_that_no_recording_can_keep_refuses_to_start() -> None:
    with pytest.raises(InvalidSettings, match="raise ENGINE_MEMORY_MB"):
        MemoryLimit.of(DiarizerSettings(engine_memory_mb=512))


def test_processes_share_the_machine() -> None:
    one = MemoryLimit.of(DiarizerSettings())
    two = MemoryLimit.of(DiarizerSettings(diarizer_slots=2))

    assert two.mb == pytest.approx(one.mb / 2)


@pytest.mark.parametrize(("minutes", "measured_mb"), [(1, 1239), (10, 1265), (30, 1303), (60, 1632), (180, 2568)])
def test_no_less_is_expected_than_was_measured_with_six_voices(minutes: float, measured_mb: float) -> None:
    assert measured_mb < expected_mb(minutes * 60, voices=6) < 1.3 * measured_mb
