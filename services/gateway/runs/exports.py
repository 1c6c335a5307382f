"""Results as files for people and for other programs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, assert_never, get_args

from libs.common.minutes import ActionItem, Finding, Minutes, Part
from services.gateway.runs.subtitles import srt, vtt
from services.gateway.schemas.results import NamedUtterance, Results

TextFormat = Literal["txt", "md", "srt", "vtt"]
TEXT_FORMATS: tuple[TextFormat, ...] = get_args(TextFormat)

MEDIA_TYPES = {
    "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "rttm": "text/plain; charset=utf-8",
}


def export(results: Results, chosen: TextFormat) -> str:
    """The results in that format."""
    match chosen:
        case "txt":
            return text(results)
        case "md":
            return markdown(results)
        case "srt":
            return srt(results)
        case "vtt":
            return vtt(results)
        case _:
            assert_never(chosen)


def text(results: Results) -> str:
    """The transcript, one utterance each paragraph."""
    paragraphs = (f"[{clock(one.start)}] {_speaker(one)}: {one.text}" for one in results.utterances if one.text)
    return "\n\n".join(paragraphs) + "\n"


def markdown(results: Results) -> str:
    """Minutes first, then the transcript; evidence links to the utterances."""
    return "\n".join([*_head(results), *_all_minutes(results), *_transcript(results), *_foot(results)]) + "\n"


def clock(seconds: float) -> str:
    """Hours only where there are any: `12:34`, `1:02:03`."""
    whole = int(seconds)
    minutes = f"{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 3600}:{minutes}" if whole >= 3600 else minutes


def _speaker(one: NamedUtterance) -> str:
    return one.name or one.label


def _head(results: Results) -> Iterator[str]:
    yield f"# {_plain(results.title or 'Meeting')}"
    yield ""
    voices = ", ".join(_plain(one.name or one.label) for one in results.speakers) or "nobody"
    yield f"{clock(results.duration)} · {voices}"
    yield ""
    for warning in results.warnings:
        yield f"> {_plain(warning.message)} (`{warning.code}`, {warning.stage})"
        yield ""


def _all_minutes(results: Results) -> Iterator[str]:
    starts = {one.id: one.start for one in results.utterances}
    for minutes in results.minutes.values():
        yield f"## {_plain(minutes.title)}"
        yield ""
        for part in minutes.parts:
            yield from _part(minutes, part, starts)
    for persona in results.pending_personas:
        yield f"*The minutes for {persona} are still being written.*"
        yield ""


def _part(minutes: Minutes, part: Part, starts: dict[str, float]) -> Iterator[str]:
    match part:
        case "summary":
            lines = [_plain(line) for line in minutes.summary.splitlines() if line.strip()]
            yield from _block("Summary", ["  \n".join(lines) + _links(minutes.summary_evidence, starts)])
        case "action_items":
            yield from _block("Action items", [f"- [ ] {_action(one, starts)}" for one in minutes.action_items])
        case "sections":
            for section in minutes.sections:
                yield from _block(_plain(section.title), _findings(section.findings, starts))
        case "decisions":
            yield from _block("Decisions", _findings(minutes.decisions, starts))
        case "open_questions":
            yield from _block("Open questions", _findings(minutes.open_questions, starts))
        case "topics":
            yield from _block("Topics", _findings(minutes.topics, starts))
        case _:
            assert_never(part)


def _block(title: str, lines: Sequence[str]) -> Iterator[str]:
    if any(lines):
        yield from (f"### {title}", "", *lines, "")


def _findings(findings: Iterable[Finding], starts: dict[str, float]) -> list[str]:
    return [f"- {_plain(one.text)}{_links(one.evidence, starts)}{_doubt(one.is_supported)}" for one in findings]


def _action(one: ActionItem, starts: dict[str, float]) -> str:
    who = f" — {_plain(one.assignee)}" if one.assignee else ""
    due = one.due.isoformat() if one.due else one.due_text
    when = f", due {_plain(due)}" if due else ""
    return f"{_plain(one.task)}{who}{when}{_links(one.evidence, starts)}{_doubt(one.is_supported)}"


def _doubt(is_supported: bool) -> str:
    return "" if is_supported else " *(rests on nothing in the transcript)*"


def _links(evidence: Iterable[str], starts: dict[str, float]) -> str:
    return "".join(f" [{clock(starts[one])}](#{one})" for one in evidence if one in starts)


def _transcript(results: Results) -> Iterator[str]:
    yield "## Transcript"
    yield ""
    for one in results.utterances:
        if one.text:
            yield f'<a id="{one.id}"></a>**{_plain(_speaker(one))}** {clock(one.start)}  '
            yield _plain(one.text)
            yield ""
    for gap in results.gaps:
        yield f"*{clock(gap.start)} to {clock(gap.end)} could not be transcribed: {_plain(gap.message)}*"
        yield ""


def _foot(results: Results) -> Iterator[str]:
    made = ", ".join(f"{stage}: {engine.name}" for stage, engine in results.engines.items())
    yield f"*Made by {made or 'no engine'}.*"


def _plain(text_of_others: str) -> str:
    """Text that Markdown shows as it is: names and speech must not become markup."""
    escaped = "".join(f"\\{one}" if one in "\\`*_{}[]<>#|~" else one for one in text_of_others)
    return " ".join(escaped.split())
