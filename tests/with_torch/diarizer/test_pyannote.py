"""The pyannote engine with a small pipeline on the sample meetings, whose turns are known."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from libs.common import progress
from libs.common.errors import InvalidSettings
from libs.common.speech import SpeakerBounds
from services.diarizer.engines import DiarizedSpeech, Diarizer, load_engine
from services.diarizer.errors import RecordingTooLong
from tests.with_torch.diarizer.recordings import (
    DER_BOUND,
    FREE,
    PIPELINE,
    PLANNING,
    SHORT,
    error_rate,
    names_of,
    settings,
)

SPEAKERS = PLANNING.parent / "speakers"


@pytest.fixture
def reported() -> Iterator[list[float]]:
    fractions: list[float] = []
    progress.listen(fractions.append)
    yield fractions
    progress._sinks.remove(fractions.append)


def test_it_finds_who_talks_when(planning: DiarizedSpeech) -> None:
    assert error_rate(PLANNING, planning.turns) <= DER_BOUND


def test_labels_are_numbered_by_first_appearance(planning: DiarizedSpeech) -> None:
    labels = list(dict.fromkeys(turn.label for turn in planning.turns))

    assert labels == [f"SPEAKER_{index:02d}" for index in range(4)]
    assert [turn.start for turn in planning.turns] == sorted(turn.start for turn in planning.turns)


def test_overlapping_turns_are_kept(planning: DiarizedSpeech) -> None:
    assert any(one.end > other.start for one, other in pairwise(planning.turns))


def test_exclusive_turns_do_not_overlap_and_have_the_same_labels(planning: DiarizedSpeech) -> None:
    assert all(one.end <= other.start + 1e-6 for one, other in pairwise(planning.exclusive_turns))
    assert set(names_of(PLANNING, planning.exclusive_turns).items()) == set(names_of(PLANNING, planning.turns).items())


def test_every_label_has_a_unit_embedding(engine: Diarizer, planning: DiarizedSpeech) -> None:
    assert set(planning.embeddings) == {turn.label for turn in planning.turns}
    for vector in planning.embeddings.values():
        assert vector.shape == (engine.embedding_model.dimension,)
        assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["Mark", "Julia", "David"])
def test_an_enrolment_clip_sounds_like_its_speaker_and_like_nobody_else(
    engine: Diarizer, planning: DiarizedSpeech, name: str
) -> None:
    clip = engine.embed(SPEAKERS / name / "introduction.flac")

    assert clip.embedding is not None
    scores = {label: float(vector @ clip.embedding) for label, vector in planning.embeddings.items()}
    assert max(scores, key=scores.__getitem__) == names_of(PLANNING, planning.turns)[name]
    assert clip.model == planning.model


def test_a_clip_of_one_person_has_one_voice(engine: Diarizer) -> None:
    clip = engine.embed(SPEAKERS / "Mark" / "introduction.flac")

    assert clip.speech_seconds > 5
    assert clip.other_voice_seconds == 0


def test_a_clip_of_two_people_has_two_voices(engine: Diarizer, tmp_path: Path) -> None:
    parts = [soundfile.read(SPEAKERS / name / "introduction.flac", dtype="float32")[0] for name in ("Mark", "Julia")]
    samples = np.concatenate([parts[0][: 7 * 16_000], parts[1][: 4 * 16_000]])
    soundfile.write(tmp_path / "two.flac", samples, 16_000)

    clip = engine.embed(tmp_path / "two.flac")

    assert 2 < clip.other_voice_seconds < 4.5
    assert clip.speech_seconds > clip.other_voice_seconds + 4


def test_a_clip_of_a_few_words_has_speech_but_no_voice(engine: Diarizer, tmp_path: Path) -> None:
    samples = soundfile.read(SPEAKERS / "Julia" / "introduction.flac", dtype="float32", frames=24_000)[0]
    soundfile.write(tmp_path / "words.flac", samples, 16_000)

    clip = engine.embed(tmp_path / "words.flac")

    assert 0 < clip.speech_seconds < 2
    assert clip.embedding is None


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_number_of_speakers_can_be_given(engine: Diarizer, count: int) -> None:
    turns = engine.diarize(SHORT, SpeakerBounds(num_speakers=count)).turns

    assert len({turn.label for turn in turns}) == count


def test_bounds_on_the_number_of_speakers_hold(engine: Diarizer) -> None:
    fewest = engine.diarize(SHORT, SpeakerBounds(min_speakers=3)).turns
    most = engine.diarize(SHORT, SpeakerBounds(max_speakers=1)).turns

    assert len({turn.label for turn in fewest}) >= 3
    assert len({turn.label for turn in most}) == 1


@pytest.mark.parametrize("bounds", [FREE, SpeakerBounds(num_speakers=3)])
def test_nobody_talks_in_silence(engine: Diarizer, tmp_path: Path, bounds: SpeakerBounds) -> None:
    soundfile.write(tmp_path / "silence.flac", np.zeros(5 * 16_000, np.float32), 16_000)

    speech = engine.diarize(tmp_path / "silence.flac", bounds)

    assert (speech.turns, speech.exclusive_turns, speech.embeddings) == ((), (), {})
    assert engine.embed(tmp_path / "silence.flac").embedding is None


@pytest.mark.parametrize("num_samples", [1, 800])
def test_a_recording_of_almost_nothing_is_no_error(engine: Diarizer, tmp_path: Path, num_samples: int) -> None:
    soundfile.write(tmp_path / "click.flac", np.full(num_samples, 0.1, np.float32), 16_000)

    assert len(engine.diarize(tmp_path / "click.flac", FREE).turns) <= 1


def test_it_says_how_far_it_is_in_small_steps(engine: Diarizer, reported: list[float]) -> None:
    engine.diarize(SHORT, FREE)

    assert reported == sorted(reported)
    assert 0 <= reported[0] < 0.2
    assert 0.9 < reported[-1] <= 1
    assert max(later - earlier for earlier, later in pairwise(reported)) < 0.25


def test_it_names_its_models_and_its_device(engine: Diarizer) -> None:
    assert engine.info.name == "pyannote"
    assert set(engine.info.models) == {"pipeline", "segmentation", "embedding", "device"}
    assert engine.info.models["embedding"] == engine.embedding_model.id
    assert engine.info.models["device"] == "cpu"


def test_a_recording_that_is_too_long_for_the_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    limited = load_engine(settings(engine_memory_mb=1400))
    soundfile.write(tmp_path / "long.flac", np.zeros(16_000 * 1800, np.int16), 16_000)

    with pytest.raises(RecordingTooLong, match="30 minutes need about"):
        limited.diarize(tmp_path / "long.flac", FREE)


def test_a_gpu_that_is_not_there_refuses_to_start_and_names_the_cure() -> None:
    with pytest.raises(InvalidSettings, match="set PYANNOTE_DEVICE=cpu"):
        load_engine(settings(pyannote_device="cuda"))


@pytest.mark.parametrize(
    "damage", [b"", b"not a checkpoint", (PIPELINE / "embedding" / "pytorch_model.bin").read_bytes()[:9000]]
)
def test_a_damaged_model_refuses_to_start(tmp_path: Path, damage: bytes) -> None:
    for path in PIPELINE.rglob("*.*"):
        copy = tmp_path / path.relative_to(PIPELINE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "embedding" / "pytorch_model.bin").write_bytes(damage)

    with pytest.raises(InvalidSettings, match="cannot be loaded"):
        load_engine(settings(pyannote_pipeline=str(tmp_path)))
