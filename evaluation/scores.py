"""What one recording, and all of them, score."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from evaluation.diarization import diarization_errors
from evaluation.identification import NameCounts, count_names
from evaluation.line import Hypothesis
from evaluation.recordings import Recording
from evaluation.transcription import speaker_word_errors, word_errors
from libs.common.scoring.diarization import DiarizationErrors
from libs.common.scoring.words import WordErrors
from libs.common.speech import Frozen


class Scores(Frozen):
    """How right the result for one recording is; `None` where its reference says nothing about that."""

    name: str
    duration: float
    diarization: DiarizationErrors
    true_voices: int
    found_voices: int
    names: NameCounts | None
    """Over all splits."""

    wer: WordErrors | None
    cpwer: WordErrors | None
    seconds: dict[str, float]
    """Stage → how long it worked."""

    engines: dict[str, str]


class Totals(Frozen):
    """All recordings together: errors and lengths are added, then divided."""

    recordings: int
    duration: float
    diarization: DiarizationErrors
    exact_counts: int
    """Recordings whose number of voices was found."""

    mean_der: float | None
    """Every recording weighs the same."""

    names: NameCounts | None
    wer: WordErrors | None
    cpwer: WordErrors | None
    real_time_factors: dict[str, float]
    """Stage → how long it worked per second of audio."""


class Evaluation(Frozen):
    """What an evaluation says; `--json` prints it."""

    line: str
    """What was under test."""

    collar: float
    """Seconds on each side of a reference boundary that DER leaves out."""

    recordings: tuple[Scores, ...]
    totals: Totals


def score(recording: Recording, hypothesis: Hypothesis, *, collar: float) -> Scores:
    """Compare one result with its reference."""
    return Scores(
        name=recording.name,
        duration=hypothesis.duration,
        diarization=diarization_errors(recording.turns, hypothesis.turns, duration=hypothesis.duration, collar=collar),
        true_voices=len(recording.people),
        found_voices=len({turn.label for turn in hypothesis.turns}),
        names=_names(recording, hypothesis),
        wer=_wer(recording, hypothesis),
        cpwer=_cpwer(recording, hypothesis),
        seconds=dict(hypothesis.seconds),
        engines=dict(hypothesis.engines),
    )


def total(scores: Sequence[Scores]) -> Totals:
    """Add up."""
    rates = [one.diarization.der for one in scores if one.diarization.der is not None]
    return Totals(
        recordings=len(scores),
        duration=sum(one.duration for one in scores),
        diarization=sum((one.diarization for one in scores), start=DiarizationErrors()),
        exact_counts=sum(one.true_voices == one.found_voices for one in scores),
        mean_der=fmean(rates) if rates else None,
        names=_sum_names(one.names for one in scores),
        wer=_sum_words(one.wer for one in scores),
        cpwer=_sum_words(one.cpwer for one in scores),
        real_time_factors=_real_time_factors(scores),
    )


def _real_time_factors(scores: Sequence[Scores]) -> dict[str, float]:
    """Of the recordings that went through the stage."""
    factors = {}
    for stage in dict.fromkeys(stage for one in scores for stage in one.seconds):
        passed = [one for one in scores if stage in one.seconds]
        factors[stage] = sum(one.seconds[stage] for one in passed) / sum(one.duration for one in passed)
    return factors


def _names(recording: Recording, hypothesis: Hypothesis) -> NameCounts | None:
    if not hypothesis.namings:
        return None
    counts = (
        count_names(recording.turns, hypothesis.turns, names=naming.names, enrolled=naming.enrolled)
        for naming in hypothesis.namings
    )
    return sum(counts, start=NameCounts())


def _wer(recording: Recording, hypothesis: Hypothesis) -> WordErrors | None:
    if not recording.text or hypothesis.utterances is None:
        return None
    return word_errors(recording.text, hypothesis.utterances, language=hypothesis.language)


def _cpwer(recording: Recording, hypothesis: Hypothesis) -> WordErrors | None:
    if not recording.utterances or hypothesis.utterances is None:
        return None
    return speaker_word_errors(recording.utterances, hypothesis.utterances, language=hypothesis.language)


def _sum_names(counts: Iterable[NameCounts | None]) -> NameCounts | None:
    known = [one for one in counts if one is not None]
    return sum(known, start=NameCounts()) if known else None


def _sum_words(counts: Iterable[WordErrors | None]) -> WordErrors | None:
    known = [one for one in counts if one is not None]
    return sum(known, start=WordErrors()) if known else None
