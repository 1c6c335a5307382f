"""Which label is which enrolled speaker: open-set matching, where `nobody that we know` is an answer."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from libs.common.speakers import Candidate, Decision, Gallery, Reason, Voiceprint
from libs.common.speech import EmbeddingModel

_MAX_CANDIDATES = 5


@dataclass(frozen=True)
class MatchRule:
    """How alike two voices must be; both numbers are raw cosine and belong to one embedding model."""

    threshold: float
    """Least similarity of a label and its speaker."""

    margin: float
    """Least distance to the next best speaker of the label, and to the next best label of the speaker."""


_WESPEAKER_RULE = MatchRule(threshold=0.5, margin=0.1)
"""From what others use for such models; not measured here. A name that is wrong is worse than none."""

_RULES = {
    "resemblyzer": MatchRule(threshold=0.77, margin=0.05),
    "pyannote/wespeaker-voxceleb-resnet34-LM": _WESPEAKER_RULE,
    "pyannote/speaker-diarization-community-1/embedding": _WESPEAKER_RULE,
}

_UNMEASURED_RULE = MatchRule(threshold=0.77, margin=0.05)
"""Strict, for models that have no rule."""


@dataclass(frozen=True)
class MatchRules:
    """The rule of each embedding model, unless the settings or the request say otherwise."""

    threshold: float | None = None
    margin: float | None = None

    def wished(self, *, threshold: float | None, margin: float | None) -> "MatchRules":
        """The rules for a request; `None` leaves a number as it is."""
        return MatchRules(
            threshold=self.threshold if threshold is None else threshold,
            margin=self.margin if margin is None else margin,
        )

    def of(self, model: EmbeddingModel | None) -> MatchRule:
        """The rule for embeddings of this model."""
        rule = _RULES.get(model.name, _UNMEASURED_RULE) if model else _UNMEASURED_RULE
        return MatchRule(
            threshold=rule.threshold if self.threshold is None else self.threshold,
            margin=rule.margin if self.margin is None else self.margin,
        )


@dataclass(frozen=True)
class LabelVoice:
    """A label of a meeting, as matching sees it."""

    label: str
    speech_seconds: float
    vector: tuple[float, ...] | None = None
    """L2-normalized, shape (dimension,); `None` where there is too little clean speech."""

    embedding_key: str | None = None


def match_labels(voices: Sequence[LabelVoice], gallery: Gallery | None, rule: MatchRule) -> tuple[Decision, ...]:
    """One decision per label, in the order given; a speaker's name goes to one label at most."""
    scores = _Scores(voices, gallery.voiceprints if gallery else ())
    return tuple(_decide(voice, scores, rule) for voice in voices)


def leave_unnamed(voices: Sequence[LabelVoice], reason: Reason) -> tuple[Decision, ...]:
    """The same refusal for every label."""
    return tuple(_undecided(voice, reason) for voice in voices)


class _Scores:
    """Cosine similarity of every label that has an embedding to every speaker's closest voiceprint."""

    def __init__(self, voices: Sequence[LabelVoice], voiceprints: Sequence[Voiceprint]) -> None:
        prints: dict[str, list[tuple[float, ...]]] = defaultdict(list)
        for voiceprint in voiceprints:
            prints[voiceprint.speaker_id].append(voiceprint.vector)
        self.names = {voiceprint.speaker_id: voiceprint.name for voiceprint in voiceprints}
        self.by_label = {
            voice.label: {speaker: _closest(voice.vector, vectors) for speaker, vectors in prints.items()}
            for voice in voices
            if voice.vector is not None
        }

    def candidates(self, label: str) -> list[Candidate]:
        """Speakers, best first."""
        ranked = sorted(self.by_label[label].items(), key=lambda one: (-one[1], one[0]))
        return [Candidate(speaker_id=speaker, name=self.names[speaker], score=score) for speaker, score in ranked]

    def rivals(self, label: str, speaker_id: str) -> list[float]:
        """How close the speaker is to every other label."""
        return [scores[speaker_id] for other, scores in self.by_label.items() if other != label]


def _decide(voice: LabelVoice, scores: _Scores, rule: MatchRule) -> Decision:
    if voice.vector is None:
        return _undecided(voice, "no_embedding")
    if not scores.names:
        return _undecided(voice, "empty_gallery")
    best, *others = scores.candidates(voice.label)
    to_speaker = min((best.score - other.score for other in others), default=None)
    to_label = min((best.score - score for score in scores.rivals(voice.label, best.speaker_id)), default=None)
    reason = _reason(best.score, to_speaker, to_label, rule)
    margins = [margin for margin in (to_speaker, to_label) if margin is not None]
    return Decision(
        label=voice.label,
        reason=reason,
        speaker_id=best.speaker_id if reason == "matched" else None,
        name=best.name if reason == "matched" else None,
        score=best.score,
        margin=min(margins, default=None),
        candidates=(best, *others)[:_MAX_CANDIDATES],
        speech_seconds=voice.speech_seconds,
        embedding_key=voice.embedding_key,
    )


def _reason(score: float, to_speaker: float | None, to_label: float | None, rule: MatchRule) -> Reason:
    if score < rule.threshold:
        return "below_threshold"
    if to_label is not None and to_label < 0:
        return "not_mutual"
    if to_speaker is not None and to_speaker < rule.margin:
        return "ambiguous_speaker"
    if to_label is not None and to_label < rule.margin:
        return "ambiguous_label"
    return "matched"


def _undecided(voice: LabelVoice, reason: Reason) -> Decision:
    return Decision(
        label=voice.label, reason=reason, speech_seconds=voice.speech_seconds, embedding_key=voice.embedding_key
    )


def _closest(vector: tuple[float, ...], voiceprints: Sequence[tuple[float, ...]]) -> float:
    return float(np.max(np.asarray(voiceprints) @ np.asarray(vector)))
