"""From pyannote's result to ours, for results that the small pipeline does not give by itself."""

from collections.abc import Sequence

import numpy as np
import pytest
from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput
from pyannote.core import Annotation, Segment

from libs.common.speech import EmbeddingModel
from services.diarizer.engines import DiarizedSpeech
from services.diarizer.engines.pyannote.labels import to_speech

MODEL = EmbeddingModel(name="small", revision="1", dimension=2)
Said = tuple[float, float, str]


def speech(turns: Sequence[Said], vectors: Sequence[Sequence[float]], exclusive: Sequence[Said] = ()) -> DiarizedSpeech:
    output = DiarizeOutput(annotation(turns), annotation(exclusive or turns), np.array(vectors))
    return to_speech(output, MODEL, duration=10.0)


def annotation(turns: Sequence[Said]) -> Annotation:
    found = Annotation()
    for track, (start, end, label) in enumerate(turns):
        found[Segment(start, end), track] = label
    return found


def test_labels_are_renamed_by_first_appearance_in_all_three_parts() -> None:
    turns = [(4.0, 6.0, "SPEAKER_00"), (0.0, 3.0, "SPEAKER_01"), (2.5, 4.5, "SPEAKER_02")]
    exclusive = [(0.0, 2.7, "SPEAKER_01"), (2.7, 4.2, "SPEAKER_02"), (4.2, 6.0, "SPEAKER_00")]

    found = speech(turns, [[0, 5], [3, 0], [-2, 0]], exclusive)

    assert [(turn.start, turn.label) for turn in found.turns] == [
        (0.0, "SPEAKER_00"),
        (2.5, "SPEAKER_01"),
        (4.0, "SPEAKER_02"),
    ]
    assert [turn.label for turn in found.exclusive_turns] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]
    assert {label: vector.tolist() for label, vector in found.embeddings.items()} == {
        "SPEAKER_00": [1, 0],
        "SPEAKER_01": [-1, 0],
        "SPEAKER_02": [0, 1],
    }


@pytest.mark.parametrize("nothing", [[0.0, 0.0], [np.nan, np.nan]])
def test_a_voice_that_pyannote_could_not_embed_has_no_embedding(nothing: list[float]) -> None:
    found = speech([(0.0, 3.0, "SPEAKER_00"), (3.0, 6.0, "SPEAKER_01")], [[1.0, 0.0], nothing])

    assert set(found.embeddings) == {"SPEAKER_00"}


def test_a_voice_that_hardly_talks_alone_has_no_embedding() -> None:
    found = speech([(0.0, 5.0, "SPEAKER_00"), (2.0, 5.5, "SPEAKER_01")], [[1.0, 0.0], [0.0, 1.0]])

    assert set(found.embeddings) == {"SPEAKER_00"}


def test_turns_end_with_the_recording() -> None:
    found = speech([(9.0, 10.4, "SPEAKER_00"), (10.1, 10.3, "SPEAKER_01")], [[1.0, 0.0], [0.0, 1.0]])

    assert [(turn.start, turn.end) for turn in found.turns] == [(9.0, 10.0)]
    assert set(found.embeddings) == {"SPEAKER_00"}
