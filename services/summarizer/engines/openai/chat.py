"""Requests to one model of one server; what the server does not understand is learnt once and remembered."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import openai
from pydantic import BaseModel

from libs.common.errors import PipelineError
from services.summarizer.budget import Budget, Reservation
from services.summarizer.engines.openai.dialect import Dialect
from services.summarizer.engines.openai.errors import KeyRejected, RateLimited, Refused, RequestRejected
from services.summarizer.engines.openai.failures import PromptTooLong, complaint, failure
from services.summarizer.engines.openai.prompts import Prompts
from services.summarizer.engines.openai.replies import schema_text
from services.summarizer.engines.openai.stream import Completion, read_stream
from services.summarizer.engines.openai.tokens import most_tokens

SHORT_WAIT = 5.0
"""Seconds that a call waits itself where the server asks for patience; a longer wait is the runtime's."""

_SHORT_WAITS = 3


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: str
    content: str


class Chat:
    """Asks for answers that follow a schema."""

    def __init__(
        self, client: openai.OpenAI, model: str, *, budget: Budget, prompts: Prompts, dialect: Dialect
    ) -> None:
        self._client = client
        self._model = model
        self._budget = budget
        self._prompts = prompts
        self._dialect = dialect

    def complete(
        self, messages: Sequence[Message], schema: type[BaseModel], answer_tokens: int, taken: list[Completion]
    ) -> Completion:
        """The model's next message, or a cut one where prompt or answer are too long; `taken` gets it, also if refused.

        Raises:
            RateLimited, ModelOutOfReach, BudgetExhausted: The unit may go on later.
            KeyRejected, QuotaExhausted, ModelUnknown, RequestRejected: Somebody has to act.
            Refused: The model declines.
        """
        for waits in itertools.count():
            try:
                return self._answered(messages, schema, answer_tokens, taken)
            except openai.OpenAIError as error:
                reason = failure(error, model=self._model, asked="\n".join(one.content for one in messages))
                if isinstance(reason, PromptTooLong):
                    taken.append(Completion(is_cut=True, is_unread=True))
                    return taken[-1]
                if not self._learns(error, reason) and not self._waits(reason, waits):
                    raise reason from (None if isinstance(reason, KeyRejected) else error)
        raise AssertionError("requests are repeated without end")

    def distrust(self) -> None:
        """An answer that breaks its schema means that the server overlooks it: from now on it stands in the prompt."""
        if self._dialect.form == "json_schema":
            self._dialect = self._dialect.plainer() or self._dialect

    def _answered(
        self, messages: Sequence[Message], schema: type[BaseModel], answer_tokens: int, taken: list[Completion]
    ) -> Completion:
        dialect = self._dialect
        if dialect.form != "json_schema":
            messages = self._with_schema(messages, schema)
        prompt = sum(most_tokens(one.content) for one in messages)
        reservation = self._budget.reserve(prompt + answer_tokens)
        completion = self._sent(messages, dialect.options(schema, answer_tokens), answer_tokens, reservation)
        usage = completion.usage
        answered = usage.completion_tokens if usage else most_tokens(completion.text)
        reservation.settle((usage.prompt_tokens if usage else prompt) + answered)
        taken.append(replace(completion, waited=reservation.waited))
        if completion.refusal is not None:
            raise Refused(f"{self._model} declines to write these minutes")  # its words may be those of the meeting
        return taken[-1]

    def _sent(
        self, messages: Sequence[Message], options: dict[str, Any], answer_tokens: int, reservation: Reservation
    ) -> Completion:
        """One request; one that the server refuses takes no tokens."""
        sent = [{"role": one.role, "content": one.content} for one in messages]
        try:
            with self._client.chat.completions.create(model=self._model, messages=cast(Any, sent), **options) as stream:
                return read_stream(stream, answer_tokens)
        except openai.APIStatusError:
            reservation.settle(0)
            raise

    def _with_schema(self, messages: Sequence[Message], schema: type[BaseModel]) -> Sequence[Message]:
        system, *others = messages
        described = self._prompts.fill("schema", schema=schema_text(schema))
        return Message(system.role, f"{system.content}\n\n{described}"), *others

    def _learns(self, error: openai.OpenAIError, reason: PipelineError) -> bool:
        """Whether the server complains about something that can be left out."""
        simpler = self._dialect.without(complaint(error)) if isinstance(reason, RequestRejected) else None
        self._dialect = simpler or self._dialect
        return simpler is not None

    def _waits(self, reason: PipelineError, waits: int) -> bool:
        """Have all replicas pause for as long as the server wants, and do so here if that is short."""
        if not isinstance(reason, RateLimited) or reason.delay is None:
            return False
        self._budget.pause(reason.delay)
        if reason.delay > SHORT_WAIT or waits >= _SHORT_WAITS:
            return False
        time.sleep(reason.delay)
        return True
