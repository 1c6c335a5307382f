"""Two runs side by side, as rows of two columns: what a terminal and a plain text show alike."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cli.answers.comparison import (
    Comparison,
    EnginePair,
    Item,
    Items,
    SettingPair,
    TurnDifference,
    Turns,
    Voice,
    WordDifference,
    WordErrors,
)
from cli.answers.results import Engine
from cli.show_usage import took

Cell = tuple[tuple[str, bool], ...]
"""Texts in a row; the flag marks what differs."""


@dataclass(frozen=True)
class Row:
    """One difference; a side that has nothing is empty."""

    subjects: tuple[str, str]
    """When it is, or what it is about, on either side."""

    before: Cell
    after: Cell


@dataclass(frozen=True)
class Section:
    """All differences of one kind."""

    title: str
    rows: tuple[Row, ...]


def numbers(comparison: Comparison) -> Iterator[str]:
    """The figures, one line each."""
    if comparison.turns:
        yield f"turns     {_der(comparison.turns)}"
    if comparison.words:
        yield f"words     {_wer(comparison.words.errors)}"
    if comparison.speakers is not None:
        changed = sum(one.is_changed for one in comparison.speakers)
        yield f"names     {changed} of {len(comparison.speakers)} changed"
    for persona, minutes in comparison.minutes.items():
        summary = "another summary" if minutes.is_summary_changed else "the same summary"
        yield f"minutes   {persona}: {_counts(list(minutes.parts.values()))}; {summary}"
    usages = comparison.before.usage, comparison.after.usage
    if any(one.calls for one in usages):
        yield f"cost      {' → '.join(map(took, usages))}"


def sections(comparison: Comparison) -> Iterator[Section]:
    """Everything that differs, in the order of reading."""
    yield Section("Settings", tuple(_setting(name, one) for name, one in comparison.settings.items()))
    yield Section("Engines", tuple(_engines(stage, one) for stage, one in comparison.engines.items()))
    voices = comparison.speakers or ()
    yield Section("Names", tuple(_row("", _voice(one.before), _voice(one.after)) for one in voices if one.is_changed))
    if comparison.turns:
        before, after = _names(one.before for one in voices), _names(one.after for one in voices)
        yield Section("Turns", tuple(_turn(one, before, after) for one in comparison.turns.differences))
    if comparison.words:
        yield Section("Words", tuple(_words(one) for one in comparison.words.differences))
    for persona, minutes in comparison.minutes.items():
        for part, items in minutes.parts.items():
            yield Section(f"Minutes for {persona}: {part.replace('_', ' ')}", tuple(_items(items)))


def moment(seconds: float) -> str:
    """`75.34` as `0:01:15.3`."""
    tenths = round(seconds * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def _der(turns: Turns) -> str:
    errors = turns.errors
    parts = f"{errors.missed:.1f} s missed, {errors.false_alarm:.1f} s false alarm, {errors.confusion:.1f} s confusion"
    return f"DER {_percent(errors.der)}: {parts} in {errors.speech:.1f} s (collar {turns.collar:g} s)"


def _wer(errors: WordErrors) -> str:
    parts = f"{errors.substitutions} substituted, {errors.deletions} deleted, {errors.insertions} inserted"
    return f"WER {_percent(errors.rate)}: {parts} in {errors.words} words"


def _percent(rate: float | None) -> str:
    return "unknown" if rate is None else f"{100 * rate:.1f} %"


def _counts(parts: list[Items]) -> str:
    unchanged, changed = sum(one.unchanged for one in parts), sum(len(one.changed) for one in parts)
    gone, added = sum(len(one.gone) for one in parts), sum(len(one.added) for one in parts)
    return f"{added} added, {gone} gone, {changed} changed, {unchanged} unchanged"


def _row(subject: str, before: str, after: str, *, subject_after: str | None = None) -> Row:
    subjects = (subject, subject if subject_after is None else subject_after)
    return Row(subjects, ((before, False),) if before else (), ((after, False),) if after else ())


def _setting(name: str, pair: SettingPair) -> Row:
    before, after = ("not set" if value is None else str(value) for value in (pair.before, pair.after))
    return _row(name, before, after)


def _engines(stage: str, pair: EnginePair) -> Row:
    return _row(stage, _engine(pair.before), _engine(pair.after))


def _engine(engine: Engine) -> str:
    models = ", ".join(f"{role} {model}" for role, model in engine.models.items())
    return f"{engine.name} ({models})" if models else engine.name


def _voice(voice: Voice | None) -> str:
    if voice is None:
        return ""
    score = "" if voice.score is None else f"{voice.score:.2f} "
    return f"{voice.label}: {voice.name or 'nobody'} ({score}{voice.reason})"


def _names(voices: Iterable[Voice | None]) -> dict[str, str]:
    """What the labels of a run are called."""
    return {one.label: one.name for one in voices if one is not None and one.name}


def _turn(one: TurnDifference, before: Mapping[str, str], after: Mapping[str, str]) -> Row:
    return _row(
        _span(one),
        ", ".join(before.get(label, label) for label in one.before) or "no speech",
        ", ".join(after.get(label, label) for label in one.after) or "no speech",
    )


def _words(one: WordDifference) -> Row:
    return Row(
        (_span(one), _span(one)),
        tuple((piece.before, piece.change != "equal") for piece in one.pieces if piece.before),
        tuple((piece.after, piece.change != "equal") for piece in one.pieces if piece.after),
    )


def _span(one: TurnDifference | WordDifference) -> str:
    return f"{moment(one.start)} to {moment(one.end)}"


def _items(items: Items) -> Iterator[Row]:
    for before, after in ((one.before, one.after) for one in items.changed):
        yield _row(_start(before), _item(before), _item(after), subject_after=_start(after))
    yield from (_row(_start(one), _item(one), "") for one in items.gone)
    yield from (_row(_start(one), "", _item(one)) for one in items.added)


def _start(item: Item) -> str:
    return "" if item.start is None else moment(item.start)


def _item(item: Item) -> str:
    due = item.due.isoformat() if item.due else item.due_text
    owner = ", ".join(part for part in (item.assignee, due) if part)
    return f"{item.text} ({owner})" if owner else item.text
