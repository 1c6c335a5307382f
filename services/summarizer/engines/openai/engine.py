"""Minutes by a language model behind OpenAI's API, or behind a server that speaks it."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from libs.common.engine import EngineInfo
from libs.common.errors import PipelineError
from libs.common.minutes import Findings, Usage
from services.summarizer.engines import Answer, Call, MinutesRequest, Plan, note_usage
from services.summarizer.engines.openai.asked import Asked, AskedSection, asked_by
from services.summarizer.engines.openai.chat import Chat, Message
from services.summarizer.engines.openai.errors import AnswerInvalid
from services.summarizer.engines.openai.findings import findings_of
from services.summarizer.engines.openai.limits import fits, limits_of
from services.summarizer.engines.openai.merging import merged
from services.summarizer.engines.openai.messages import messages, reply_model
from services.summarizer.engines.openai.models import Capacity
from services.summarizer.engines.openai.planner import Planner
from services.summarizer.engines.openai.prompts import Prompts
from services.summarizer.engines.openai.replies import MergeReply, SectionReply, read_reply
from services.summarizer.engines.openai.stream import Completion
from services.summarizer.engines.openai.usage import unread, usage_of
from services.summarizer.prices import Prices

_DIGEST_LENGTH = 12
_MOST_FAULTS = 8
_LONGEST_NAME = 40


class OpenAIMinutes:
    """Asks a model for the minutes of each section of a transcript, and then which of them are the same."""

    def __init__(
        self,
        chat: Chat,
        prompts: Prompts,
        prices: Prices,
        room: Capacity,
        *,
        model: str,
        server: str,
        section_tokens: int,
    ) -> None:
        """`server`: its address; `section_tokens`: how much of a transcript one call reads at most."""
        self._chat = chat
        self._prices = prices
        self._prompts = prompts
        self._room = room
        self._model = model
        self._server = server
        self._section_tokens = section_tokens

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="openai", models={"minutes": self._model, "prompts": self._prompts.digest[:_DIGEST_LENGTH]}
        )

    def plan(self, request: MinutesRequest, answers: Mapping[str, Answer]) -> Plan:
        """Sections first, as many as it takes; then the calls that join them."""
        limits = limits_of(request, self._room, self._prompts, section_tokens=self._section_tokens)
        return Planner(request, answers, limits, self._server).plan()

    def answer(self, call: Call) -> Answer:
        """One answer, repaired once if it does not follow its schema and if there is room for that."""
        taken: list[Completion] = []
        try:
            return self._answered(asked_by(call), taken)
        except PipelineError as error:
            note_usage(error, self._usage(taken))
            raise

    def _answered(self, asked: Asked, taken: list[Completion]) -> Answer:
        schema, said = reply_model(asked), messages(asked, self._prompts)
        first = self._chat.complete(said, schema, asked.answer_tokens, taken)
        try:
            return self._read(asked, schema, said, taken)
        except ValidationError as error:
            self._chat.distrust()
            repair = self._prompts.fill("repair", faults=_faults(error))
        said += [Message("assistant", first.text), Message("user", repair)]
        if not fits(said, schema, asked.answer_tokens, self._room):
            return self._answer(said, taken, None)
        self._chat.complete(said, schema, asked.answer_tokens, taken)
        try:
            return self._read(asked, schema, said, taken)
        except ValidationError as error:
            # Not `from error`, which quotes the answer: that would stand in logs.
            raise AnswerInvalid(
                f"{self._model} does not follow the schema, also when shown its faults: {_faults(error)}"
            ) from None

    def _read(
        self, asked: Asked, schema: type[BaseModel], said: Sequence[Message], completions: Sequence[Completion]
    ) -> Answer:
        last = completions[-1]
        return self._answer(said, completions, None if last.is_cut else _findings(asked, schema, last.text))

    def _answer(self, said: Sequence[Message], completions: Sequence[Completion], findings: Findings | None) -> Answer:
        last = completions[-1]
        caveats = tuple(unread(said, last))
        return Answer(
            findings=findings,
            model=last.model,
            usage=self._usage(completions),
            caveats=caveats,
            is_read=not caveats and not last.is_unread,
            waited=sum(one.waited for one in completions),
        )

    def _usage(self, completions: Sequence[Completion]) -> Usage:
        return sum((usage_of(one, self._prices, model=self._model) for one in completions), start=Usage())


def _findings(asked: Asked, schema: type[BaseModel], text: str) -> Findings:
    reply = read_reply(schema, text)
    if isinstance(asked, AskedSection):
        return findings_of(SectionReply.model_validate(reply.model_dump(by_alias=True)), asked)
    return merged(asked.parts, MergeReply.model_validate(reply.model_dump(by_alias=True)))


def _faults(error: ValidationError) -> str:
    """What is wrong, without what was written: that is in the conversation already."""
    faults = error.errors(include_input=False, include_url=False)[:_MOST_FAULTS]
    return "\n".join(f"- {_place(one['loc']) or 'the whole'}: {one['msg']}" for one in faults)


def _place(names: Sequence[str | int]) -> str:
    """Where a fault is; a field that the schema does not have may be called by whole sentences."""
    return ".".join(str(one)[:_LONGEST_NAME] for one in names)
