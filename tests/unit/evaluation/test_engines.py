"""The engines in this process give what can be scored, down to the printed table."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from evaluation.__main__ import evaluate
from evaluation.engines import EngineLine
from evaluation.recordings import Recording, read_folder
from evaluation.report import print_report
from evaluation.scores import Evaluation
from libs.common.audio import audio_duration
from libs.common.speech import SpeakerBounds, Turn
from services.diarizer.engines import DiarizedSpeech, Diarizer

SHORT = Path(__file__).parents[3] / "samples" / "short"


@pytest.fixture(scope="module")
def recording() -> Recording:
    (recording,) = read_folder(SHORT)
    return recording


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> EngineLine:
    return EngineLine(tmp_path_factory.mktemp("normalized"))


@pytest.fixture(scope="module")
def evaluation(line: EngineLine, recording: Recording) -> Evaluation:
    return evaluate(line, [recording], collar=0.0)


def test_the_short_sample_comes_out_right(evaluation: Evaluation) -> None:
    (scores,) = evaluation.recordings
    assert scores.found_voices == scores.true_voices == 2
    assert scores.diarization.confusion < 0.02 * scores.diarization.speech
    assert scores.names is not None
    assert (scores.names.correct, scores.names.wrong_names, scores.names.strangers_unnamed) == (1, 0, 1)
    assert scores.wer is not None
    assert scores.wer.errors < 0.2 * scores.wer.words
    assert scores.cpwer is not None
    assert scores.cpwer.errors < 0.3 * scores.cpwer.words


def test_every_split_is_named_on_its_own(line: EngineLine, recording: Recording) -> None:
    nobody, mark = frozenset[str](), frozenset({"Mark"})
    without_text = Recording(
        name="splits", audio=recording.audio, turns=recording.turns, clips=recording.clips, splits=(nobody, mark)
    )
    hypothesis = line.process(without_text)
    assert [set(one.names.values()) for one in hypothesis.namings] == [set(), {"Mark"}]
    assert hypothesis.utterances is None


class Overlapping:
    """Hears two people all the time, and decides for one at a time."""

    def __init__(self, engine: Diarizer) -> None:
        self.info, self.embedding_model, self.embed = engine.info, engine.embedding_model, engine.embed

    def diarize(self, audio: Path, bounds: SpeakerBounds) -> DiarizedSpeech:
        end = audio_duration(audio)
        both = (Turn(start=0, end=end, label="SPEAKER_00"), Turn(start=0, end=end, label="SPEAKER_01"))
        one_by_one = (
            Turn(start=0, end=end / 2, label="SPEAKER_01"),
            Turn(start=end / 2, end=end, label="SPEAKER_00"),
        )
        return DiarizedSpeech(turns=both, exclusive_turns=one_by_one, model=self.embedding_model, embeddings={})


def test_words_are_given_to_the_turns_that_the_service_gives_them_to(tmp_path: Path, recording: Recording) -> None:
    line = EngineLine(tmp_path)
    line._diarizer = Overlapping(line._diarizer)

    utterances = line.process(recording).utterances

    assert utterances is not None
    assert [one.label for one in utterances][:1] == ["SPEAKER_01"]
    assert [one.label for one in utterances][-1:] == ["SPEAKER_00"]


def test_what_no_reference_tells_is_left_open(line: EngineLine, recording: Recording) -> None:
    evaluation = evaluate(line, [Recording(name="turns", audio=recording.audio, turns=recording.turns)], collar=0.0)
    assert (evaluation.totals.names, evaluation.totals.wer, evaluation.totals.cpwer) == (None, None, None)
    assert evaluation.totals.diarization.der is not None


def test_the_table_fits_a_terminal_and_gives_counts_with_denominators(evaluation: Evaluation) -> None:
    printed = Console(file=io.StringIO(), width=80)
    print_report(evaluation, printed)
    assert isinstance(printed.file, io.StringIO)
    text = printed.file.getvalue()
    assert "…" not in text
    assert "1 of 1 enrolled correct" in " ".join(text.split())
    assert "0 of 2 labels under a wrong name" in " ".join(text.split())


def test_json_has_the_rates_and_what_they_are_made_of(evaluation: Evaluation) -> None:
    again = Evaluation.model_validate_json(evaluation.model_dump_json())
    assert again == evaluation
    assert '"der":' in evaluation.model_dump_json()
