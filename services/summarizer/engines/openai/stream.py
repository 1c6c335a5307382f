"""An answer as it arrives, word by word."""

from collections.abc import Iterable
from dataclasses import dataclass

from openai.types.chat import ChatCompletionChunk
from openai.types.completion_usage import CompletionUsage

from libs.common.progress import report
from services.summarizer.engines.openai.errors import ModelOutOfReach

_CHARACTERS_PER_TOKEN = 16
"""An answer that is longer than its limit by this measure has none: the server overlooks it."""

_USUAL_ANSWER = 4000.0
"""Characters at which an answer counts as half written."""


@dataclass(frozen=True)
class Completion:
    """What a model answered."""

    text: str = ""
    refusal: str | None = None
    is_cut: bool = False
    """It is not the whole answer, or the prompt was too long for one."""

    is_unread: bool = False
    """The server refused the prompt, and takes nothing for that."""

    model: str | None = None
    """As the server names it."""

    usage: CompletionUsage | None = None
    """`None` where the server does not say."""

    waited: float = 0.0
    """Seconds until there was room for the request in the budget."""


def read_stream(chunks: Iterable[ChatCompletionChunk], answer_tokens: int) -> Completion:
    """The answer, when it has come to its end; every piece is a sign of life.

    Raises:
        ModelOutOfReach: It ended without an end, or is no answer.
    """
    arriving = _Arriving()
    try:
        for chunk in chunks:
            arriving.add(chunk)
            report(arriving.length / (arriving.length + _USUAL_ANSWER))
            if arriving.length > answer_tokens * _CHARACTERS_PER_TOKEN:
                arriving.finish_reason = "length"
                break
    except (ValueError, AttributeError, TypeError) as error:
        raise ModelOutOfReach(f"the server sent what is no part of an answer: {type(error).__name__}") from error
    return arriving.completion()


class _Arriving:
    """The pieces so far."""

    def __init__(self) -> None:
        self.length = 0
        self.finish_reason: str | None = None
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._model: str | None = None
        self._usage: CompletionUsage | None = None

    def add(self, chunk: ChatCompletionChunk) -> None:
        """Take a piece; the last one has the tokens and nothing else."""
        self._model = chunk.model or self._model
        self._usage = chunk.usage or self._usage
        for choice in chunk.choices[:1]:
            self.finish_reason = choice.finish_reason or self.finish_reason
            self._texts.append(choice.delta.content or "")
            self._refusals.append(choice.delta.refusal or "")
            self.length += len(self._texts[-1])

    def completion(self) -> Completion:
        """All pieces together."""
        if self.finish_reason is None:
            raise ModelOutOfReach("the server's answer broke off")
        refusal = "".join(self._refusals)
        if self.finish_reason == "content_filter":
            refusal = refusal or "a content filter stopped the answer"
        return Completion(
            text="".join(self._texts),
            refusal=refusal or None,
            is_cut=self.finish_reason == "length",
            model=self._model,
            usage=_whole(self._usage),
        )


def _whole(usage: CompletionUsage | None) -> CompletionUsage | None:
    """Tokens of which a server says only half count as not said."""
    said = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
    return usage if all(isinstance(one, int) for one in said) else None
