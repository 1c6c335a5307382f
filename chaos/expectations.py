"""Whether a meeting came to what its recording must come to, as the API shows it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from chaos.inputs import Expected
from chaos.repertoire import CAST
from chaos.speech import summary_of

Answer: TypeAlias = Mapping[str, Any]
"""JSON of the API."""


def cast_name(voice: int) -> str:
    """The name under which a voice of the cast is enrolled."""
    return f"Voice {voice}"


def differences(expected: Expected, progress: Answer, results: Answer | None, *, personas: Sequence[str]) -> list[str]:
    """What is not as it should be. `results`: `None` where the meeting did not complete."""
    status, error = progress.get("status"), (progress.get("error") or {}).get("code")
    if status not in {"completed", "failed"} or not expected.is_end(is_completed=status == "completed", error=error):
        return [f"is {status} ({error}), not {expected.status} ({expected.error})"]
    return [] if results is None else list(_differences(expected, results, personas))


def _differences(expected: Expected, results: Answer, personas: Sequence[str]) -> Iterator[str]:
    warnings = {one["code"] for one in results["warnings"]}
    if warnings != expected.warnings:
        yield f"has the warnings {sorted(warnings)}, not {sorted(expected.warnings)}"
    utterances = tuple((one["label"], one["text"]) for one in results["utterances"])
    if utterances != expected.utterances:
        yield f"has the utterances {utterances}, not {expected.utterances}"
    names = {one["label"]: one["name"] for one in results["speakers"]}
    if names != _names(expected):
        yield f"has the names {names}, not {_names(expected)}"
    said = [(one["name"] or one["label"], one["text"]) for one in results["utterances"]]
    summaries = {persona: one["summary"] for persona, one in results["minutes"].items()}
    wanted = {persona: summary_of(said, persona) for persona in personas} if expected.has_minutes else {}
    if summaries != wanted:
        yield f"has the minutes {summaries}, not {wanted}"


def _names(expected: Expected) -> Mapping[str, str | None]:
    return {
        label: cast_name(voice) if voice in CAST and voice is not None else None
        for label, voice in (expected.voices or {}).items()
    }
