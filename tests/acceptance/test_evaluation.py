"""The evaluation measures a whole Hansard through its API, and leaves nothing behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.client import Gateway
from cli.enrolment import wait_for_enrolment
from evaluation.gateway import GatewayLine, NameTaken
from evaluation.recordings import read_folder
from evaluation.scores import Scores, score
from tests.acceptance.conftest import SHORT, running


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("evaluated") / "home") as hansard, hansard.gateway as gateway:
        yield gateway


@pytest.fixture(scope="module")
def scores(gateway: Gateway) -> Scores:
    (recording,) = read_folder(SHORT)
    return score(recording, GatewayLine(gateway).process(recording), collar=0.0)


def test_the_short_sample_comes_out_right(scores: Scores) -> None:
    assert scores.found_voices == scores.true_voices == 2
    assert scores.diarization.confusion < 0.02 * scores.diarization.speech
    assert scores.names is not None
    assert (scores.names.correct, scores.names.wrong_names, scores.names.strangers_unnamed) == (1, 0, 1)


def test_words_are_given_to_those_who_said_them(scores: Scores) -> None:
    assert scores.wer is not None
    assert scores.cpwer is not None
    assert scores.wer.errors < 0.2 * scores.wer.words
    assert scores.cpwer.errors < 0.3 * scores.cpwer.words


def test_every_stage_is_timed_and_named(scores: Scores) -> None:
    assert {"normalize", "diarize", "transcribe"} <= scores.seconds.keys()
    assert {"diarize", "transcribe"} <= scores.engines.keys()


@pytest.mark.usefixtures("scores")
def test_nobody_and_nothing_is_left_behind(gateway: Gateway) -> None:
    assert list(gateway.speakers()) == []
    assert list(gateway.meetings()) == []


def test_somebody_who_was_enrolled_before_is_left_alone(gateway: Gateway) -> None:
    (recording,) = read_folder(SHORT)
    (clip,) = recording.clips["Mark"]
    speaker_id = gateway.enroll("mark", [Path(clip)], None).speaker_id
    try:
        wait_for_enrolment(gateway, speaker_id)
        with pytest.raises(NameTaken, match="mark"):
            GatewayLine(gateway).process(recording)
        assert [one.speaker_id for one in gateway.speakers()] == [speaker_id]
    finally:
        gateway.delete_speaker(speaker_id)
