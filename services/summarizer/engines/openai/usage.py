"""What requests to a model took, and whether it read them."""

from collections.abc import Iterator, Sequence

from libs.common.minutes import Usage
from services.summarizer.engines import Caveat
from services.summarizer.engines.openai.chat import Message
from services.summarizer.engines.openai.stream import Completion
from services.summarizer.engines.openai.tokens import fewest_tokens
from services.summarizer.prices import Prices


def usage_of(completion: Completion, prices: Prices, *, model: str) -> Usage:
    """What one request took, as far as the server says; `model` is the one that was asked for."""
    said = completion.usage
    if said is None:
        return Usage(calls=1, cost_usd=0.0 if completion.is_unread else None)
    details = said.prompt_tokens_details
    taken = Usage(
        calls=1,
        input_tokens=said.prompt_tokens,
        cached_input_tokens=(details.cached_tokens if details else None) or 0,
        output_tokens=said.completion_tokens,
    )
    return prices.priced(completion.model or model, taken)


def unread(said: Sequence[Message], completion: Completion) -> Iterator[Caveat]:
    """A warning where the server read less than it was given: some cut a long prompt without a word."""
    fewest = sum(fewest_tokens(one.content) for one in said)
    # Some servers count none where they have read the same prompt before.
    if completion.usage and 0 < completion.usage.prompt_tokens < fewest:
        yield Caveat(
            code="minutes_prompt_cut",
            message=f"The server read {completion.usage.prompt_tokens} tokens of a prompt that has at least {fewest}:"
            " parts of the meeting may be missing. OPENAI_CONTEXT_TOKENS has to be what the server really reads.",
        )
