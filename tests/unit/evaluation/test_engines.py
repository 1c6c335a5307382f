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
