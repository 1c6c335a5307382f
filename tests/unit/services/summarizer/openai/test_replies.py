import json

import pytest
from pydantic import ValidationError

from libs.common.personas import Persona, SectionWish
from services.summarizer.engines.openai.replies import MergeReply, read_reply, schema_of, section_reply
from tests.openai_server.strictness import complaint
from tests.unit.services.summarizer.meetings import PERSONAS
from tests.unit.services.summarizer.openai.conversations import reply_of

PERSONA = PERSONAS.get("project_manager")
GOOD = json.dumps(reply_of())


@pytest.mark.parametrize("persona", list(PERSONAS), ids=lambda one: one.id)
def test_every_schema_is_strict(persona: Persona) -> None:
    assert complaint("minutes", schema_of(section_reply(persona))) is None
    assert complaint("merge", schema_of(MergeReply)) is None


def test_a_reader_is_asked_for_what_it_reads() -> None:
    executive = schema_of(section_reply(PERSONAS.get("executive")))["properties"]

    assert set(executive) == {"summary", "summary_evidence", "decisions", "action_items", "open_questions"}


def test_a_section_may_have_any_name() -> None:
    wishes = tuple(
        SectionWish(name=name, title="T", instructions="I", terms=("t",))
        for name in ("title", "model_config", "schema")
    )
    persona = PERSONA.model_copy(update={"sections": wishes})

    schema = schema_of(section_reply(persona))

    assert complaint("minutes", schema) is None
    assert set(schema["$defs"]["Sections"]["properties"]) == {"title", "model_config", "schema"}


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here it is: {GOOD} I hope it helps.",
        f"<think>First {{}} then {GOOD[:-1]}, more}}</think>{GOOD}",
        f'{{"note": 1}} {GOOD}',
        f"{{ no {{ json {GOOD}",
    ],
)
def test_the_answer_is_found_in_what_is_around_it(text: str) -> None:
    assert read_reply(section_reply(PERSONA), text).model_dump(mode="json", by_alias=True) == json.loads(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No.",
        "{}",
        pytest.param('{"a":' * 20_000, id="nested"),
        "[]",
        "null",
        GOOD[:-2],
        json.dumps(reply_of(extra=1)),
        json.dumps(reply_of(topics="none")),
    ],
)
def test_what_breaks_the_schema_is_no_answer(text: str) -> None:
    with pytest.raises(ValidationError):
        read_reply(section_reply(PERSONA), text)
