"""The real engine, and the real client in it, in conversation with a server for tests."""

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

from libs.common.minutes import Findings
from libs.common.personas import Persona
from libs.common.speech import Word
from libs.common.transcript import Transcript, Utterance
from services.summarizer.engines import Answer, Call, MinutesRequest, Plan
from services.summarizer.engines.openai.engine import OpenAIMinutes
from services.summarizer.engines.openai.setup import open_minutes
from services.summarizer.settings import SummarizerSettings
from tests.openai_server import ChatRequest, OpenAIServer
from tests.unit.services.summarizer.meetings import PERSONAS, WEDNESDAY

NO_REDIS = "redis://127.0.0.1:1/0"
"""Requests go without a shared budget."""

Reply = dict[str, Any]

BUDGET_LINES = [
    ("SPEAKER_00", "Good morning, let us begin with the budget."),
    ("SPEAKER_01", "I will send the numbers by Friday."),
    ("SPEAKER_00", "Then we have decided to buy the new server."),
    ("SPEAKER_01", "Who signs the contract?"),
]


def settings_for(server: OpenAIServer, **changes: object) -> SummarizerSettings:
    """Settings that name the server."""
    values = {
        "summarizer_engine": "openai",
        "openai_api_key": server.api_key,
        "openai_base_url": server.url,
        "redis_url": NO_REDIS,
    }
    return SummarizerSettings.model_validate(values | changes)


def engine_for(server: OpenAIServer, **changes: object) -> OpenAIMinutes:
    """The engine of these settings, in this process."""
    return open_minutes(settings_for(server, **changes))


def transcript_of(lines: Sequence[tuple[str, str]]) -> Transcript:
    """What was said, one utterance every ten seconds, with ids as the transcriber gives them."""
    utterances = [
        Utterance(
            id=f"u{number:04d}",
            label=label,
            start=10.0 * number,
            end=10.0 * number + 9,
            text=text,
            words=tuple(
                Word(start=10.0 * number, end=10.0 * number + 9, text=one, probability=1) for one in text.split()
            ),
        )
        for number, (label, text) in enumerate(lines, start=1)
    ]
    return Transcript(language="en", utterances=tuple(utterances))


def request_of(
    lines: Sequence[tuple[str, str]] = BUDGET_LINES,
    *,
    names: Mapping[str, str] | None = None,
    day: datetime.date | None = WEDNESDAY,
    persona: Persona | None = None,
) -> MinutesRequest:
    """A request for the project manager, who wants every part."""
    return MinutesRequest(
        persona=persona or PERSONAS.get("project_manager"),
        transcript=transcript_of(lines),
        names={"SPEAKER_00": "Anna Schmidt", "SPEAKER_01": "Ben"} if names is None else names,
        title="Budget",
        day=day,
    )


def reply_of(**parts: object) -> Reply:
    """A model's answer to a section, empty but for these parts."""
    empty: Reply = {
        "summary": "They talked.",
        "summary_evidence": [],
        "decisions": [],
        "action_items": [],
        "open_questions": [],
        "topics": [],
        "sections": {"risks": []},
    }
    return empty | parts


def stated(text: str, *evidence: str) -> Reply:
    """A finding, as a model states it."""
    return {"text": text, "evidence": list(evidence)}


def stated_item(task: str, *evidence: str, **fields: object) -> Reply:
    """An action item, as a model states it."""
    return {"task": task, "assignee": None, "due": None, "due_text": None, "evidence": list(evidence)} | fields


def one_call(engine: OpenAIMinutes, request: MinutesRequest) -> Call:
    """The only call of a short meeting."""
    (call,) = engine.plan(request, {}).calls
    return call


def answer_of(engine: OpenAIMinutes, request: MinutesRequest) -> Answer:
    """The answer to the only call of a short meeting."""
    return engine.answer(one_call(engine, request))


def findings_in(engine: OpenAIMinutes, request: MinutesRequest) -> Findings:
    """What the only call of a short meeting found."""
    findings = answer_of(engine, request).findings
    assert findings is not None
    return findings


def followed(engine: OpenAIMinutes, request: MinutesRequest) -> tuple[Plan, list[Call]]:
    """The last plan, after all calls of those before it were answered, and these calls."""
    answers: dict[str, Answer] = {}
    calls: list[Call] = []
    while (plan := engine.plan(request, answers)).findings is None:
        calls += plan.calls
        answers |= {call.digest: engine.answer(call) for call in plan.calls}
    return plan, calls


def block_of(request: ChatRequest, name: str) -> list[dict[str, str]]:
    """The lines of JSON that the prompt has between `<name>` and `</name>`."""
    lines = request.messages[1].text.splitlines()
    if f"<{name}>" not in lines:
        return []
    return [json.loads(one) for one in lines[lines.index(f"<{name}>") + 1 : lines.index(f"</{name}>")]]
