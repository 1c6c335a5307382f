"""How much of a meeting fits into one call."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from services.summarizer.engines import MinutesRequest
from services.summarizer.engines.openai.asked import Asked, AskedMerge, AskedSection, Meeting
from services.summarizer.engines.openai.chat import Message
from services.summarizer.engines.openai.errors import ContextTooSmall
from services.summarizer.engines.openai.messages import messages, reply_model
from services.summarizer.engines.openai.models import Capacity
from services.summarizer.engines.openai.prompts import Prompts
from services.summarizer.engines.openai.replies import schema_text
from services.summarizer.engines.openai.sections import BEFORE_TOKENS, Section
from services.summarizer.engines.openai.tokens import most_tokens

_FEWEST = 256
"""Tokens of a meeting that a call has to hold: with fewer, minutes would be hundreds of calls."""

_ENVELOPE = 64
"""Tokens that a server adds around messages, and those of the schema's own prompt."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one call may hold, in tokens."""

    section: int
    merge: int
    answer: int


def limits_of(request: MinutesRequest, room: Capacity, prompts: Prompts, *, section_tokens: int) -> Limits:
    """What remains for the transcript, or for minutes to be merged, beside prompt, schema and answer.

    Raises:
        ContextTooSmall: Too little.
    """
    common = {"server": "", "answer_tokens": 0, "persona": request.persona, "meeting": Meeting.of(request)}
    empty = Section(number="1", lines=())
    section = AskedSection.model_validate({**common, "section": empty, "count": 2})
    merge = AskedMerge.model_validate({**common, "parts": ()})
    left = {
        asked.kind: room.context_tokens - room.answer_tokens - _around(asked, prompts) for asked in (section, merge)
    }
    left["section"] -= BEFORE_TOKENS
    if min(left.values()) < _FEWEST:
        raise ContextTooSmall(
            f"the model reads {room.context_tokens} tokens at once, which leaves {min(left.values())} for the meeting"
            " beside prompt and answer: raise the server's context and OPENAI_CONTEXT_TOKENS"
        )
    return Limits(
        section=min(left["section"], section_tokens),
        merge=min(left["merge"], section_tokens),
        answer=room.answer_tokens,
    )


def fits(said: Sequence[Message], schema: type[BaseModel], answer_tokens: int, room: Capacity) -> bool:
    """Whether there is room for a conversation and the next answer."""
    return _tokens(said, schema) + answer_tokens <= room.context_tokens


def _around(asked: Asked, prompts: Prompts) -> int:
    return _tokens(messages(asked, prompts), reply_model(asked))


def _tokens(said: Sequence[Message], schema: type[BaseModel]) -> int:
    written = [schema_text(schema), *(one.content for one in said)]
    return sum(map(most_tokens, written)) + _ENVELOPE
