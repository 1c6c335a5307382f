"""The span of a call to a remote model, in the words of OpenTelemetry's conventions for generative AI."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind

from libs.common.engine import EngineInfo
from libs.common.tracing.spans import child_span, describe
from services.summarizer.engines import Answer


@contextmanager
def model_span(info: EngineInfo) -> Iterator[Span]:
    """One call, its retries within the engine included; prompt and answer stay out of it."""
    model = info.models.get("minutes", info.name)
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": info.name,
        "gen_ai.request.model": model,
        "gen_ai.output.type": "json",
    }
    with child_span(f"chat {model}", SpanKind.CLIENT, attributes) as span:
        yield span


def tell_answer(span: Span, answer: Answer) -> None:
    """What the call took."""
    usage = answer.usage
    describe(
        span,
        {
            "gen_ai.response.model": answer.model,
            "gen_ai.usage.input_tokens": usage.input_tokens,
            "gen_ai.usage.cache_read.input_tokens": usage.cached_input_tokens,
            "gen_ai.usage.output_tokens": usage.output_tokens,
            "hansard.cost_usd": usage.cost_usd,
            "hansard.warning_codes": [one.code for one in answer.caveats],
        },
    )
