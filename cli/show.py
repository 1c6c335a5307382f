"""How statuses, results and minutes look at a terminal."""

import datetime
from collections.abc import Iterable, Mapping

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.answers.health import Health
from cli.answers.meetings import MeetingStatus, StageStatus
from cli.answers.results import ActionItem, Finding, Minutes, Results
from cli.show_usage import took, usage_lines

_PEOPLE_COLORS = ("cyan", "green", "magenta", "yellow", "blue", "red", "bright_cyan", "bright_green")
_MARKS = {
    "completed": "[green]✓[/]",
    "reused": "[dim]✓[/]",
    "processing": "[cyan]…[/]",
    "failed": "[red]✗[/]",
    "cancelled": "[yellow]✗[/]",
}
_NUMBERS = {"seconds", "s of work", "workers", "waiting", "in work"}
_BAR_WIDTH = 24


def stages_table(status: MeetingStatus) -> Table:
    """One line per stage: how far, what all its units took together, and which engine."""
    table = _table("", "stage", "progress", "s of work", "engine")
    for name, stage in status.stages.items():
        seconds = f"{stage.seconds:.1f}" if stage.started_at else ""
        table.add_row(_MARKS.get(stage.status, "·"), name, _progress(stage), seconds, ", ".join(_made(stage)))
    return table


def stage_line(name: str, stage: StageStatus) -> str:
    """One stage as plain text, for a log."""
    parts = [f"{name}: {stage.status}"]
    if stage.started_at:
        parts.append(f"{stage.seconds:.1f} s of work")
    parts += _made(stage)
    if stage.error is not None:
        parts.append(f"{stage.error.message} ({stage.error.code})")
    return ", ".join(parts)


def transcript(results: Results) -> Iterable[RenderableType]:
    """Who said what."""
    colors = {one.label: _PEOPLE_COLORS[number % len(_PEOPLE_COLORS)] for number, one in enumerate(results.speakers)}
    for utterance in results.utterances:
        line = Text(f"{clock(utterance.start)}  ", style="dim")
        line.append(f"{utterance.name or utterance.label}: ", style=f"bold {colors.get(utterance.label, 'white')}")
        line.append(utterance.text, style="default")
        yield line


def minutes(written: Minutes, starts: Mapping[str, float]) -> RenderableType:
    """The minutes for one persona, in a frame; `starts` tells when each utterance that they cite begins."""

    def finding(one: Finding) -> str:
        return one.text + _sources(one.evidence, starts)

    def action_item(one: ActionItem) -> str:
        due = f"by {one.due:%a %d %b %Y}" if one.due else one.due_text
        owner = ", ".join(part for part in (one.assignee or "nobody named", due) if part)
        return f"{one.task} ({owner})" + _sources(one.evidence, starts)

    common: dict[str, list[RenderableType]] = {
        "summary": _section("Summary", written.summary.splitlines()),
        "decisions": _section("Decisions", [finding(one) for one in written.decisions]),
        "action_items": _section("Action items", [action_item(one) for one in written.action_items]),
        "open_questions": _section("Open questions", [finding(one) for one in written.open_questions]),
        "topics": _section("Topics", [", ".join(one.text for one in written.topics)] if written.topics else []),
        "sections": [
            line
            for section in written.sections
            for line in _section(section.title, [finding(one) for one in section.findings])
        ],
    }
    lines = [line for part in written.parts for line in common.get(part, [])]
    return Panel(Group(*lines), title=Text(written.title), title_align="left")


def show_results(console: Console, results: Results) -> None:
    """Transcript, minutes, engines and warnings."""
    name = results.title or results.filename or results.meeting_id
    console.rule(Text(f"{name}  ·  {clock(results.duration)}"), align="left")
    for line in transcript(results):
        console.print(line)
    starts = {one.id: one.start for one in results.utterances}
    for persona in results.minutes.values():
        console.print(minutes(persona, starts))
    for stage, engine in results.engines.items():
        models = ", ".join(f"{role} {model}" for role, model in engine.models.items())
        console.print(Text(f"{stage}: {engine.name}{f' ({models})' if models else ''}", style="dim"), soft_wrap=True)
    for line in usage_lines(results):
        console.print(Text(line, style="dim"), soft_wrap=True)
    for warning in results.warnings:
        console.print(Text(f"warning: {warning.message} ({warning.code})", style="yellow"))


def show_health(console: Console, health: Health) -> None:
    """The gateway's dependencies and the stages of the line."""
    console.print(f"{health.status}, release {health.release}")
    dependencies = _table("dependency", "status", "seconds")
    for name, one in health.dependencies.items():
        dependencies.add_row(name, one.status, f"{one.latency:.3f}")
    stages = _table("stage", "workers", "waiting", "in work", "engine")
    for name, stage in health.stages.items():
        stages.add_row(name, str(stage.workers), str(stage.waiting), str(stage.pending), ", ".join(stage.engines))
    console.print(Padding(dependencies, (1, 0)), stages)
    for note in health.notes:
        console.print(Text(f"note: {note}", style="yellow"), soft_wrap=True)


def clock(seconds: float) -> str:
    """`75.3` as `0:01:15`."""
    return str(datetime.timedelta(seconds=int(seconds)))


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in _NUMBERS else "left")
    return table


def _made(stage: StageStatus) -> list[str]:
    """By which engine, and what it took of a remote model."""
    return [*([stage.engine] if stage.engine else []), *([took(stage.usage)] if stage.usage else [])]


def _progress(stage: StageStatus) -> str:
    fraction = 1.0 if stage.status == "completed" else stage.progress
    filled = round(_BAR_WIDTH * fraction)
    return f"[cyan]{'━' * filled}[/][dim]{'─' * (_BAR_WIDTH - filled)}[/]"


def _section(heading: str, lines: list[str]) -> list[RenderableType]:
    if not lines:
        return []
    title = Text(heading, style="bold")
    return [Padding(title, (1, 0, 0, 0)), *(Padding(Text(f"• {line}"), (0, 0, 0, 2)) for line in lines)]


def _sources(evidence: tuple[str, ...], starts: Mapping[str, float]) -> str:
    cited = [clock(starts[one]) for one in evidence if one in starts]
    return f" [{', '.join(cited)}]" if cited else ""
