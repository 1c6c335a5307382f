"""Meetings that do not fit into one call."""

import pytest

from libs.common.minutes import Findings
from services.summarizer.engines.openai.errors import AnswerTooLong, ContextTooSmall
from services.summarizer.engines.openai.tokens import most_tokens
from tests.openai_server import ChatRequest, Content, OpenAIServer, Reply, Truncated, content_of
from tests.unit.services.summarizer.openai.conversations import (
    block_of,
    engine_for,
    followed,
    reply_of,
    request_of,
    stated,
    transcript_of,
)

Lines = list[tuple[str, str]]

THREE_HOURS: Lines = [
    (
        f"SPEAKER_0{number % 4}",
        f"Point {number} of the plan is about the part {number % 97} that we want to build until the summer comes.",
    )
    for number in range(1_600)
]


def one_decision_each(request: ChatRequest) -> Reply:
    """A decision for the first and the last utterance of a section; a merge joins nothing."""
    lines = block_of(request, "transcript")
    if not lines:
        return content_of({"summary": "All of it.", "same": []})
    ends = dict.fromkeys((lines[0]["id"], lines[-1]["id"]))
    return content_of(
        reply_of(summary=f"From {lines[0]['id']}.", decisions=[stated(f"About {one}", one) for one in ends])
    )


def seen(server: OpenAIServer) -> list[str]:
    """Ids of the utterances in all requests for sections, in the order of the meeting."""
    return sorted({line["id"] for one in server.requests for line in block_of(one.chat, "transcript")})


def findings_of(server: OpenAIServer, lines: Lines, **settings: object) -> Findings:
    plan, _ = followed(engine_for(server, **settings), request_of(lines))
    assert plan.findings is not None
    return plan.findings


def test_a_meeting_of_three_hours_is_read_to_its_last_word(server: OpenAIServer) -> None:
    assert sum(len(text.split()) for _, text in THREE_HOURS) > 30_000
    server.answer_with(one_decision_each)

    findings = findings_of(server, THREE_HOURS)

    assert seen(server) == [one.id for one in transcript_of(THREE_HOURS).utterances]
    assert {"u0001", "u1600"} <= {name for one in findings.decisions for name in one.evidence}
    assert findings.summary == "All of it."
    assert 4 <= len(server.requests) <= 10


def test_three_quarters_of_an_hour_are_one_call(server: OpenAIServer) -> None:
    _, calls = followed(engine_for(server), request_of(THREE_HOURS[:370]))

    assert [one.name for one in calls] == ["section 1 of 1"]


@pytest.mark.parametrize("context", [4096, 8192])
def test_no_prompt_is_larger_than_a_small_context(context: int) -> None:
    with OpenAIServer(kind="llama.cpp", context_tokens=context) as server:
        server.answer_with(one_decision_each)
        engine = engine_for(server, openai_model="our-own", openai_context_tokens=context)
        plan, calls = followed(engine, request_of(THREE_HOURS[:200]))

    sections = [one.name for one in calls if one.name.startswith("section")]
    assert sections == [f"section {number} of {len(sections)}" for number in range(1, len(sections) + 1)]
    assert len(server.requests) == len(calls) + 1, "one request found out that there are no schemas"
    assert seen(server) == [one.id for one in transcript_of(THREE_HOURS[:200]).utterances]
    assert plan.findings is not None
    assert len(plan.findings.decisions) == 2 * len(sections)


def test_a_repair_that_would_not_fit_into_a_small_context_is_not_asked_for() -> None:
    def wordy(request: ChatRequest) -> Reply:
        lines = block_of(request, "transcript")
        return Content("word " * 700) if len(lines) > 10 else one_decision_each(request)

    with OpenAIServer(kind="ollama") as server:
        server.answer_with(wordy)
        engine = engine_for(server, openai_model="our-own", openai_context_tokens=4096)
        plan, _ = followed(engine, request_of(THREE_HOURS[:40]))

    for sent in server.requests:
        assert sum(most_tokens(one.text) for one in sent.chat.messages) + 1024 <= 4096
    assert seen(server) == [one.id for one in transcript_of(THREE_HOURS[:40]).utterances]
    assert plan.findings is not None


def test_a_section_whose_answer_is_cut_is_read_in_halves(server: OpenAIServer) -> None:
    server.script(Truncated('{"summary": "They'))
    server.answer_with(one_decision_each)

    plan, calls = followed(engine_for(server), request_of())

    assert [one.name for one in calls] == ["section 1 of 1", "section 1.1 of 1", "section 1.2 of 1", "merge 1.1"]
    whole, first, second = [[one["id"] for one in block_of(sent.chat, "transcript")] for sent in server.requests[:3]]
    assert first + second == whole
    assert plan.findings is not None
    assert [one.text for one in plan.findings.decisions] == [f"About u000{number}" for number in (1, 2, 3, 4)]


def test_a_section_that_the_server_finds_too_long_is_read_in_halves() -> None:
    with OpenAIServer(context_tokens=2_000) as server:
        server.answer_with(one_decision_each)
        findings_of(server, THREE_HOURS[:60])

    assert seen(server) == [one.id for one in transcript_of(THREE_HOURS[:60]).utterances]


def test_an_answer_that_never_ends_fails_with_a_code_after_a_few_calls(server: OpenAIServer) -> None:
    server.answer_with(lambda _request: Truncated("and so on"))

    with pytest.raises(AnswerTooLong) as endless:
        followed(engine_for(server), request_of(THREE_HOURS[:64]))
    assert (endless.value.code, endless.value.retryable) == ("minutes_answer_too_long", False)
    assert len(server.requests) == 1 + 2 + 4 + 8


def test_a_server_that_reads_next_to_nothing_is_named_as_the_reason() -> None:
    with OpenAIServer(context_tokens=200) as server, pytest.raises(ContextTooSmall, match="OPENAI_CONTEXT_TOKENS"):
        findings_of(server, THREE_HOURS[:64])


def test_minutes_of_many_sections_are_merged_in_levels(server: OpenAIServer) -> None:
    def talkative(request: ChatRequest) -> Reply:
        lines = block_of(request, "transcript")
        if not lines:
            return Content('{"summary": "Short.", "same": []}')
        return content_of(
            reply_of(summary="A long story. " * 10, topics=[stated(f"T {lines[0]['id']}", lines[0]["id"])])
        )

    server.answer_with(talkative)
    _, calls = followed(engine_for(server, openai_section_tokens=600), request_of(THREE_HOURS[:120]))

    merges = [one.name for one in calls if one.name.startswith("merge")]
    assert merges[:2] == ["merge 1.1", "merge 1.2"]
    assert merges[-1].startswith("merge 2.")


def test_lists_too_long_for_any_merge_are_kept_whole(server: OpenAIServer) -> None:
    def thorough(request: ChatRequest) -> Reply:
        lines = block_of(request, "transcript")
        if not lines:
            return Content('{"summary": "Short.", "same": []}')
        return content_of(reply_of(decisions=[stated(f"{one['text']} {one['text']}", one["id"]) for one in lines]))

    server.answer_with(thorough)
    plan, _ = followed(engine_for(server, openai_section_tokens=600), request_of(THREE_HOURS[:60]))

    assert plan.findings is not None
    assert plan.findings.summary == "Short."
    assert [one.evidence for one in plan.findings.decisions] == [(f"u{number:04d}",) for number in range(1, 61)]
    assert plan.caveats == ()


def test_minutes_that_cannot_be_merged_stand_one_after_another_and_say_so(server: OpenAIServer) -> None:
    def cut_merges(request: ChatRequest) -> Reply:
        return one_decision_each(request) if block_of(request, "transcript") else Truncated('{"summary": "')

    server.answer_with(cut_merges)
    plan, _ = followed(engine_for(server, openai_section_tokens=600), request_of(THREE_HOURS[:30]))

    assert plan.findings is not None
    assert plan.findings.summary.startswith("From u0001.\n\nFrom u")
    assert "About u0030" in {one.text for one in plan.findings.decisions}
    assert [one.code for one in plan.caveats] == ["minutes_not_merged"]


def test_a_context_without_room_for_a_meeting_fails_with_the_cure(server: OpenAIServer) -> None:
    engine = engine_for(server, openai_context_tokens=2_048)

    with pytest.raises(ContextTooSmall, match="OPENAI_CONTEXT_TOKENS"):
        engine.plan(request_of(), {})


def test_a_meeting_in_which_nothing_was_said_takes_no_call(server: OpenAIServer) -> None:
    plan, calls = followed(engine_for(server), request_of([]))

    assert plan.findings == Findings(summary="")
    assert (calls, server.requests) == ([], [])
