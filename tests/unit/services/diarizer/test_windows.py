from pathlib import Path

import numpy as np
import pytest
import soundfile

from libs.common.audio import read_segment
from libs.common.speech import Segment
from services.diarizer.mel import NUM_BANDS, mel_spectrogram
from services.diarizer.voice_encoder import VoiceEncoder
from services.diarizer.windows import HOP_SECONDS, WINDOW_SECONDS, embed_windows, plan_windows
from tests.unit.services.diarizer.voices import tone

SHORT_MEETING = Path("samples/short/short.flac")


@pytest.fixture(scope="module")
def encoder() -> VoiceEncoder:
    return VoiceEncoder()


def ignore(_fraction: float) -> None: ...


def test_windows_cover_a_segment_evenly_from_end_to_end() -> None:
    windows = plan_windows([Segment(start=2.0, end=7.1)])

    assert windows[0].start == 2.0
    assert windows[-1].end == pytest.approx(7.1)
    assert all(window.duration == pytest.approx(WINDOW_SECONDS) for window in windows)
    assert np.ptp(np.diff([window.start for window in windows])) < 1e-9
    assert windows[1].start - windows[0].start <= HOP_SECONDS
    assert sum(window.speech_seconds for window in windows) == pytest.approx(5.1)


def test_a_short_segment_is_one_window_that_does_not_reach_beyond_it() -> None:
    (window,) = plan_windows([Segment(start=2.0, end=2.5)])

    assert (window.start, window.end, window.speech_seconds) == (2.0, 2.5, 0.5)


def test_embeddings_are_unit_vectors_that_tell_two_voices_apart(encoder: VoiceEncoder) -> None:
    mark = plan_windows([Segment(start=0.9, end=4.0)])
    vectors = embed_windows(SHORT_MEETING, mark, encoder, ignore)

    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert float((vectors @ vectors.T).min()) > 0.6


def test_how_windows_are_batched_does_not_change_them(encoder: VoiceEncoder) -> None:
    windows = plan_windows([Segment(start=start, end=start + 1.6) for start in (1.0, 3.0, 6.0, 9.0)])

    together = embed_windows(SHORT_MEETING, windows, encoder, ignore)
    apart = np.concatenate([embed_windows(SHORT_MEETING, [window], encoder, ignore) for window in windows])

    assert np.allclose(together, apart, atol=2e-3)


def test_loudness_does_not_change_an_embedding(encoder: VoiceEncoder, tmp_path: Path) -> None:
    samples = read_segment(SHORT_MEETING, Segment(start=1.0, end=4.0))
    quiet = tmp_path / "quiet.wav"
    soundfile.write(quiet, samples / 20, 16_000, subtype="FLOAT")
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, samples, 16_000, subtype="FLOAT")
    windows = plan_windows([Segment(start=0.0, end=2.9)])

    heard = [embed_windows(path, windows, encoder, ignore) for path in (quiet, loud)]

    assert np.allclose(heard[0], heard[1], atol=1e-4)


def test_progress_is_told_up_to_the_end(encoder: VoiceEncoder) -> None:
    fractions: list[float] = []

    embed_windows(
        SHORT_MEETING,
        [Segment(start=0.1 * index, end=0.1 * index + 1.6) for index in range(130)],
        encoder,
        fractions.append,
    )

    assert fractions == sorted(fractions)
    assert len(fractions) > 1
    assert fractions[-1] == 1.0


def test_a_spectrogram_has_a_frame_every_ten_milliseconds_and_puts_a_tone_in_its_band() -> None:
    low, high = mel_spectrogram(tone(1.0, 300.0)), mel_spectrogram(tone(1.0, 3000.0))

    assert low.shape == (101, NUM_BANDS)
    assert low[50].argmax() < high[50].argmax()
    assert low[50].max() > 100 * np.median(low[50])
