from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from libs.common.speakers import Decision, Gallery, Reason, Voiceprint
from libs.common.speech import EmbeddingModel
from services.diarizer.matching import LabelVoice, MatchRule, MatchRules, leave_unnamed, match_labels

MODEL = EmbeddingModel(name="resemblyzer", revision="0.1.4", dimension=8)
RULE = MatchRule(threshold=0.75, margin=0.05)


def label_voices(count: int) -> list[LabelVoice]:
    """Labels whose embeddings are the axes, so that a voiceprint's coordinates are its scores."""
    axes = np.eye(8)[:count]
    return [
        LabelVoice(f"SPEAKER_{index:02d}", 10.0, tuple(axis.tolist()), f"k{index}") for index, axis in enumerate(axes)
    ]


def gallery(scores: Mapping[str, Sequence[float]]) -> Gallery:
    """A voiceprint per speaker that has these similarities to the labels."""
    prints = [
        Voiceprint(
            sample_id=f"s{index}", speaker_id=name.split("/")[0], name=name.split("/")[0], vector=_completed(row)
        )
        for index, (name, row) in enumerate(scores.items())
    ]
    return Gallery(workspace="default", model=MODEL, voiceprints=tuple(prints))


def _completed(scores: Sequence[float]) -> tuple[float, ...]:
    rest = max(0.0, 1 - sum(score**2 for score in scores)) ** 0.5
    return (*scores, *[0.0] * (7 - len(scores)), rest)


def outcome(decisions: Sequence[Decision]) -> list[tuple[Reason, str | None]]:
    return [(one.reason, one.name) for one in decisions]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({"Ana": [0.80]}, [("matched", "Ana")]),
        ({"Ana": [0.74]}, [("below_threshold", None)]),
        ({"Ana": [0.80], "Ben": [0.78]}, [("ambiguous_speaker", None)]),
        ({"Ana": [0.85], "Ben": [0.78]}, [("matched", "Ana")]),
        ({"Ana": [0.90, 0.1], "Ben": [0.1, 0.90]}, [("matched", "Ana"), ("matched", "Ben")]),
        ({"Ana": [0.90, 0.30]}, [("matched", "Ana"), ("below_threshold", None)]),
    ],
)
def test_a_name_needs_the_threshold_and_the_margin(
    scores: Mapping[str, Sequence[float]], expected: list[tuple[Reason, str | None]]
) -> None:
    voices = label_voices(len(next(iter(scores.values()))))

    assert outcome(match_labels(voices, gallery(scores), RULE)) == expected


def label(index: int, *scores: float) -> LabelVoice:
    """A label with these similarities to voiceprints that are the axes."""
    return LabelVoice(f"SPEAKER_{index:02d}", 10.0, _completed(scores))


def axes(*names: str) -> Gallery:
    rows = np.eye(8)[: len(names)].tolist()
    prints = [
        Voiceprint(sample_id=f"s{index}", speaker_id=name, name=name, vector=tuple(row))
        for index, (name, row) in enumerate(zip(names, rows, strict=True))
    ]
    return Gallery(workspace="default", model=MODEL, voiceprints=tuple(prints))


def test_two_labels_that_want_one_speaker_get_one_name_at_most() -> None:
    clear = match_labels([label(0, 0.95), label(1, 0.80)], axes("Ana"), RULE)
    close = match_labels([label(0, 0.85), label(1, 0.83)], axes("Ana"), RULE)

    assert outcome(clear) == [("matched", "Ana"), ("not_mutual", None)]
    assert outcome(close) == [("ambiguous_label", None), ("not_mutual", None)]


def test_two_equal_labels_get_no_name() -> None:
    decisions = match_labels([label(0, 0.9), label(1, 0.9)], axes("Ana"), RULE)

    assert outcome(decisions) == [("ambiguous_label", None)] * 2


def test_the_closest_of_several_voiceprints_counts() -> None:
    decisions = match_labels(label_voices(1), gallery({"Ana/1": [0.2], "Ana/2": [0.9], "Ben": [0.5]}), RULE)

    assert outcome(decisions) == [("matched", "Ana")]
    assert decisions[0].margin == pytest.approx(0.4)
    assert [candidate.name for candidate in decisions[0].candidates] == ["Ana", "Ben"]


def test_a_label_without_an_embedding_takes_no_part() -> None:
    decisions = match_labels([label(0, 0.9), LabelVoice("SPEAKER_01", 0.4)], axes("Ana"), RULE)

    assert outcome(decisions) == [("matched", "Ana"), ("no_embedding", None)]
    assert decisions[0].margin is None


@pytest.mark.parametrize("empty", [None, axes()])
def test_nobody_enrolled_means_nobody_named(empty: Gallery | None) -> None:
    assert outcome(match_labels(label_voices(2), empty, RULE)) == [("empty_gallery", None)] * 2


def test_a_refusal_keeps_its_scores_and_its_rivals() -> None:
    (decision,) = match_labels([label(0, 0.60, 0.58, 0.1)], axes("Ana", "Ben", "Cleo"), RULE)

    assert (decision.reason, decision.speaker_id, decision.name) == ("below_threshold", None, None)
    assert decision.score == pytest.approx(0.60)
    assert decision.margin == pytest.approx(0.02)
    assert [(one.name, round(one.score, 2)) for one in decision.candidates] == [
        ("Ana", 0.6),
        ("Ben", 0.58),
        ("Cleo", 0.1),
    ]


def test_a_label_says_how_long_it_talks_and_where_its_embedding_is() -> None:
    (decision,) = match_labels(label_voices(1), axes("Ana"), RULE)

    assert (decision.speech_seconds, decision.embedding_key) == (10.0, "k0")


def test_at_most_five_candidates_are_kept() -> None:
    (decision,) = match_labels([label(0, 0.9)], axes("Ana", "Ben", "Cleo", "Dan", "Eve", "Fay"), RULE)

    assert len(decision.candidates) == 5


def test_a_failed_stage_gives_every_label_the_same_reason() -> None:
    assert outcome(leave_unnamed(label_voices(2), "stage_failed")) == [("stage_failed", None)] * 2


def test_settings_win_over_the_measured_rule() -> None:
    measured = MatchRules().of(MODEL)

    assert MatchRules(threshold=0.5).of(MODEL) == MatchRule(threshold=0.5, margin=measured.margin)
    assert MatchRules(margin=0.2).of(None).margin == 0.2


@pytest.mark.parametrize(
    "name", ["pyannote/wespeaker-voxceleb-resnet34-LM", "pyannote/speaker-diarization-community-1/embedding"]
)
def test_voices_of_pyannotes_models_have_a_rule_of_their_own(name: str) -> None:
    model = EmbeddingModel(name=name, revision="1", dimension=256)

    assert MatchRules().of(model) == MatchRule(threshold=0.5, margin=0.1)
    assert MatchRules().of(model) != MatchRules().of(MODEL.model_copy(update={"name": "unheard-of"}))
    assert MatchRules(threshold=0.6).of(model) == MatchRule(threshold=0.6, margin=0.1)
