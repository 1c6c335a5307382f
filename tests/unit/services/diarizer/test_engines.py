"""The embedded engine on the sample recordings, whose turns are known."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from libs.common.audio import audio_duration
from libs.common.rttm import read_rttm
from libs.common.speech import SpeakerBounds, Turn
from services.diarizer.engines import Diarizer, load_engine
from services.diarizer.settings import DiarizerSettings
from tests.unit.services.diarizer.voices import Array, tone

PLANNING = Path("samples/planning/planning.flac")
SHORT = Path("samples/short/short.flac")
SPEAKERS = Path("samples/planning/speakers")
FREE = SpeakerBounds()


@pytest.fixture(scope="module")
def engine() -> Diarizer:
    return load_engine(DiarizerSettings())


@pytest.fixture
def silence(tmp_path: Path) -> Path:
    return write(tmp_path / "silence.flac", np.zeros(5 * 16_000, np.float32))


def write(path: Path, samples: Array) -> Path:
    soundfile.write(path, samples, 16_000)
    return path


def confusion(turns: tuple[Turn, ...], reference: list[Turn]) -> float:
    """Share of reference speech under a label that mostly belongs to somebody else."""
    shared: dict[str, dict[str, float]] = {}
    for turn in turns:
        for truth in reference:
            names = shared.setdefault(turn.label, {})
            names[truth.label] = names.get(truth.label, 0.0) + turn.overlap(truth)
    wrong = sum(sum(names.values()) - max(names.values()) for names in shared.values())
    return wrong / sum(truth.duration for truth in reference)


def test_a_meeting_of_four_voices_has_four_labels_at_the_right_times(engine: Diarizer) -> None:
    speech = engine.diarize(PLANNING, FREE)

    labels = list(dict.fromkeys(turn.label for turn in speech.turns))
    assert labels == [f"SPEAKER_{index:02d}" for index in range(4)]
    assert confusion(speech.turns, list(read_rttm(PLANNING.with_suffix(".rttm").read_text()))) < 0.02
    assert [turn.start for turn in speech.turns] == sorted(turn.start for turn in speech.turns)
    assert speech.turns[-1].end <= audio_duration(PLANNING)


def test_every_label_with_enough_speech_has_a_unit_embedding(engine: Diarizer) -> None:
    speech = engine.diarize(PLANNING, FREE)

    assert set(speech.embeddings) == {turn.label for turn in speech.turns}
    for vector in speech.embeddings.values():
        assert vector.shape == (engine.embedding_model.dimension,)
        assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("count", [1, 3, 7])
def test_the_number_of_speakers_can_be_given(engine: Diarizer, count: int) -> None:
    turns = engine.diarize(SHORT, SpeakerBounds(num_speakers=count)).turns

    assert len({turn.label for turn in turns}) == count


def test_an_enrolment_clip_sounds_like_its_speaker_in_the_meeting(engine: Diarizer) -> None:
    speech = engine.diarize(PLANNING, FREE)
    clips = {name: engine.embed(SPEAKERS / name / "introduction.flac") for name in ("Mark", "Julia", "David")}
    reference = list(read_rttm(PLANNING.with_suffix(".rttm").read_text()))

    for name, clip in clips.items():
        assert clip.embedding is not None
        scores = {label: float(vector @ clip.embedding) for label, vector in speech.embeddings.items()}
        own = [turn for turn in speech.turns if turn.label == max(scores, key=lambda label: scores[label])]
        assert sum(turn.overlap(truth) for turn in own for truth in reference if truth.label == name) > 5


def test_a_clip_of_one_person_has_one_voice(engine: Diarizer) -> None:
    clip = engine.embed(SPEAKERS / "Mark" / "introduction.flac")

    assert clip.speech_seconds > 5
    assert clip.other_voice_seconds == 0


def test_a_clip_of_two_people_has_two_voices(engine: Diarizer, tmp_path: Path) -> None:
    parts = [soundfile.read(SPEAKERS / name / "introduction.flac", dtype="float32")[0] for name in ("Mark", "Julia")]
    clip = engine.embed(write(tmp_path / "two.flac", np.concatenate([part[: 5 * 16_000] for part in parts])))

    assert clip.other_voice_seconds > 2


def test_nobody_talks_in_silence(engine: Diarizer, silence: Path) -> None:
    assert engine.diarize(silence, FREE).turns == ()
    assert engine.diarize(silence, SpeakerBounds(num_speakers=3)).turns == ()
    assert engine.embed(silence).embedding is None


def test_nobody_talks_in_a_tone(engine: Diarizer, tmp_path: Path) -> None:
    assert engine.diarize(write(tmp_path / "tone.flac", tone(5.0, 440.0)), FREE).turns == ()


def test_a_recording_shorter_than_one_window_is_no_error(engine: Diarizer, tmp_path: Path) -> None:
    samples = soundfile.read(SHORT, dtype="float32", start=16_000, frames=12_000)[0]

    assert len(engine.diarize(write(tmp_path / "word.flac", samples), FREE).turns) <= 1


def test_an_engine_names_its_models(engine: Diarizer) -> None:
    assert engine.info.name == "embedded"
    assert engine.info.models["embedding"] == engine.embedding_model.id == "resemblyzer@0.1.4"
    assert set(engine.info.models) == {"speech_detection", "embedding"}
