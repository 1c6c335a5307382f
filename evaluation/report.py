"""The evaluation as tables for a terminal."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from evaluation.identification import NameCounts
from evaluation.scores import Evaluation, Scores, Totals
from libs.common.scoring.diarization import DiarizationErrors
from libs.common.scoring.words import WordErrors

_COLUMNS = ("DER", "missed", "false", "conf.", "voices", "named", "wrong", "WER", "cpWER")


def print_report(evaluation: Evaluation, console: Console) -> None:
    """One row per recording, a row of totals, and how to read them."""
    table = Table("recording", box=SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for one in evaluation.recordings:
        table.add_row(one.name, *_row(one))
    table.add_section()
    table.add_row("total", *_total_row(evaluation.totals), style="bold")
    console.print(table)
    for line in _legend(evaluation):
        console.print(line, highlight=False)


def _row(one: Scores) -> list[str]:
    voices = f"{one.found_voices}/{one.true_voices}"
    return [*_der(one.diarization), voices, *_names(one.names), _rate(one.wer), _rate(one.cpwer)]


def _total_row(totals: Totals) -> list[str]:
    rates = [_rate(totals.wer), _rate(totals.cpwer)]
    return [*_der(totals.diarization), "", *_names(totals.names), *rates]


def _legend(evaluation: Evaluation) -> list[str]:
    totals, names = evaluation.totals, evaluation.totals.names
    lines = [
        f"Under test: {evaluation.line}; {_engines(evaluation)}. "
        f"{totals.recordings} recordings, {_clock(totals.duration)} minutes.",
        f"DER = missed + false alarm + confusion, as shares of the reference's speech; collar {evaluation.collar:g} s, "
        f"overlapped speech is scored. Mean over recordings: {_percent(totals.mean_der)}.",
        f"Voices (found/true): the number is exact in {totals.exact_counts} of {totals.recordings} recordings.",
    ]
    if names is not None:
        lines.append(
            f"Names: {names.correct} of {names.enrolled} enrolled correct, {names.refused} without a name, "
            f"{names.lost} without a label; {names.wrong_names} of {names.labels} labels under a wrong name; "
            f"{names.strangers_unnamed} of {names.strangers_unnamed + names.strangers_named} strangers left unnamed."
        )
    factors = ", ".join(f"{stage} {factor:.3f}" for stage, factor in totals.real_time_factors.items())
    return [*lines, f"Seconds per second of audio: {factors or 'unknown'}."]


def _engines(evaluation: Evaluation) -> str:
    engines = {stage: name for one in evaluation.recordings for stage, name in one.engines.items()}
    return ", ".join(f"{stage} {name}" for stage, name in engines.items()) or "unknown"


def _der(errors: DiarizationErrors) -> list[str]:
    parts = (errors.missed, errors.false_alarm, errors.confusion)
    return [_percent(errors.der), *(_percent(part / errors.speech if errors.speech else None) for part in parts)]


def _names(counts: NameCounts | None) -> list[str]:
    return (
        ["–", "–"]
        if counts is None
        else [f"{counts.correct}/{counts.enrolled}", f"{counts.wrong_names}/{counts.labels}"]
    )


def _rate(errors: WordErrors | None) -> str:
    return "–" if errors is None else _percent(errors.rate)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}%"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
