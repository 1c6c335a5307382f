"""What a model states is checked by code: ids, dates and names."""

import datetime

import pytest

from libs.common.minutes import ActionItem
from services.summarizer.engines import MinutesRequest
from tests.openai_server import OpenAIServer, content_of
from tests.unit.services.summarizer.meetings import PERSONAS, WEDNESDAY
from tests.unit.services.summarizer.openai.conversations import (
    engine_for,
    findings_in,
    reply_of,
    request_of,
    stated,
    stated_item,
)


def item_of(server: OpenAIServer, request: MinutesRequest, **fields: object) -> ActionItem:
    """The action item that the minutes have when a model states this one."""
    server.script(content_of(reply_of(action_items=[stated_item("Send the numbers", "u0002", **fields)])))
    (item,) = findings_in(engine_for(server), request).action_items
    return item


def test_findings_cite_utterances_that_exist(server: OpenAIServer) -> None:
    server.script(
        content_of(
            reply_of(
                summary_evidence=["u0001", "u9999"],
                decisions=[stated("Buy the server", "u0003", "u0003", " u0001 ", "x"), stated("Invented", "u9999")],
                topics=[stated("  "), stated("Budget", "u0001")],
                sections={"risks": [stated("Nobody signs", "u0004", "u0000")]},
            )
        )
    )

    findings = findings_in(engine_for(server), request_of())

    assert findings.summary_evidence == ("u0001",)
    assert [(one.text, one.evidence, one.is_supported) for one in findings.decisions] == [
        ("Buy the server", ("u0003", "u0001"), True),
        ("Invented", (), False),
    ]
    assert [one.text for one in findings.topics] == ["Budget"]
    assert [(one.name, one.title, one.findings[0].evidence) for one in findings.sections] == [
        ("risks", "Risks and delays", ("u0004",))
    ]


def test_a_part_that_the_reader_does_not_want_is_empty(server: OpenAIServer) -> None:
    findings = findings_in(engine_for(server), request_of(persona=PERSONAS.get("executive")))

    assert findings.decisions
    assert (findings.topics, findings.sections) == ((), ())


@pytest.mark.parametrize(
    ("stated_as", "given"),
    [
        ("Ben", "Ben"),
        ("ben", "Ben"),
        ("Anna Schmidt", "Anna Schmidt"),
        ("anna", "Anna Schmidt"),
        ("Marie", None),
        ("  ", None),
        (None, None),
    ],
)
def test_an_assignee_is_somebody_of_the_meeting(server: OpenAIServer, stated_as: str | None, given: str | None) -> None:
    assert item_of(server, request_of(), assignee=stated_as).assignee == given


def test_an_assignee_may_be_a_name_that_was_said_or_expected(server: OpenAIServer) -> None:
    said = request_of([("SPEAKER_00", "Good morning."), ("SPEAKER_01", "Marie will send the numbers.")])

    assert item_of(server, said, assignee="Marie").assignee == "Marie"
    assert item_of(server, said, assignee="Mari").assignee is None
    expected = said.model_copy(update={"vocabulary": ("Mari",)})
    assert item_of(server, expected, assignee="Mari").assignee == "Mari"


def test_an_unnamed_speaker_is_called_by_the_label(server: OpenAIServer) -> None:
    assert item_of(server, request_of(names={}), assignee="SPEAKER_01").assignee == "SPEAKER_01"


@pytest.mark.parametrize(
    ("due", "due_text", "given"),
    [
        ("2026-03-06", "by Friday", (datetime.date(2026, 3, 6), "by Friday")),
        ("2026-03-04", "today", (WEDNESDAY, "today")),
        ("2026-02-27", "by Friday", (None, "by Friday")),
        ("2126-03-06", "by Friday", (None, "by Friday")),
        ("2026-02-30", "at the end of February", (None, "at the end of February")),
        ("by Friday", None, (None, "by Friday")),
        (None, "soon", (None, "soon")),
        (None, None, (None, None)),
    ],
)
def test_a_due_date_is_a_date_that_can_be(
    server: OpenAIServer, due: str | None, due_text: str | None, given: tuple[datetime.date | None, str | None]
) -> None:
    item = item_of(server, request_of(), due=due, due_text=due_text)

    assert (item.due, item.due_text) == given


def test_without_the_day_of_the_meeting_a_date_needs_a_year_that_was_said(server: OpenAIServer) -> None:
    request = request_of(day=None)

    assert item_of(server, request, due="2026-03-06", due_text="by Friday").due is None
    assert item_of(server, request, due="2027-03-01", due_text="on the first of March 2027").due is None
    said = request_of([("SPEAKER_01", "I will send the numbers in March 2027, all 12028 of them.")] * 2, day=None)
    assert item_of(server, said, due="2027-03-01", due_text="in March 2027").due == datetime.date(2027, 3, 1)
    assert item_of(server, said, due="2028-03-01", due_text="in March 2027").due is None
