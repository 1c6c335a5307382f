"""What the summarizer counts about its calls: where answers came from, and what those of a remote model took.

Tokens and money are counted by the process that asked, when the answer arrives. What is found again, by another
attempt or a replay, was counted by whoever asked first.
"""

from prometheus_client import CollectorRegistry

from libs.common.engine import EngineInfo
from libs.common.metrics.metric import CounterMetric, HistogramMetric, Metric
from libs.common.minutes import Usage
from services.summarizer.answers import Source

ANSWERS = CounterMetric(
    name="hansard_llm_answers_total",
    text="Calls answered, by where the answer was: model (the engine was asked), cache (Redis), store.",
    labels=("engine", "source"),
)
REQUESTS = CounterMetric(
    name="hansard_llm_requests_total",
    text="Requests that a remote model answered, with those that repair an answer.",
    labels=("model",),
)
TOKENS = CounterMetric(
    name="hansard_llm_tokens_total",
    text="Tokens of a remote model, as its server counts them: input (read anew), cached_input (read before, which"
    " costs less), output.",
    labels=("model", "kind"),
)
COST = CounterMetric(
    name="hansard_llm_cost_usd_total",
    text="USD for a remote model, by prices.yaml or OPENAI_PRICES.",
    labels=("model",),
)
UNPRICED = CounterMetric(
    name="hansard_llm_unpriced_requests_total",
    text="Requests in calls whose cost is not known: the model has no price, or its server names no tokens.",
    labels=("model",),
)
FAILED = CounterMetric(
    name="hansard_llm_failed_calls_total",
    text="Calls that a remote model was paid for without giving a usable answer; their tokens and cost are counted.",
    labels=("model", "code"),
)
BUDGET_WAIT = HistogramMetric(
    name="hansard_llm_budget_wait_seconds",
    text="Seconds that an answered call waited for its place in the budget. A longer wait postpones its unit, with the"
    " code budget_exhausted.",
    labels=("model",),
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 70),
)

METRICS: tuple[Metric, ...] = (ANSWERS, REQUESTS, TOKENS, COST, UNPRICED, FAILED, BUDGET_WAIT)

_SOURCES: tuple[Source, ...] = ("model", "cache", "store")
_KINDS = ("input", "cached_input", "output")


class AnswerMetrics:
    """The instruments of one summarizer."""

    def __init__(self, registry: CollectorRegistry, engine: EngineInfo) -> None:
        self._model = engine.models.get("minutes")
        answers = ANSWERS.on(registry)
        self._answers = {source: answers.labels(engine.name, source) for source in _SOURCES}
        self._requests = REQUESTS.on(registry)
        self._tokens = TOKENS.on(registry)
        self._cost = COST.on(registry)
        self._unpriced = UNPRICED.on(registry)
        self._failed = FAILED.on(registry)
        self._budget_wait = BUDGET_WAIT.on(registry)
        if self._model is not None:
            self._begin(self._model)

    def answered(self, source: Source) -> None:
        """A call has its answer."""
        self._answers[source].inc()

    def took(self, usage: Usage, *, waited: float = 0.0) -> None:
        """A remote model was asked; an engine on this machine takes nothing."""
        if self._model is None or not usage.calls:
            return
        fresh = max(0, usage.input_tokens - usage.cached_input_tokens)
        for kind, tokens in zip(_KINDS, (fresh, usage.cached_input_tokens, usage.output_tokens), strict=True):
            self._tokens.labels(self._model, kind).inc(tokens)
        self._requests.labels(self._model).inc(usage.calls)
        self._budget_wait.labels(self._model).observe(waited)
        if usage.cost_usd is None:
            self._unpriced.labels(self._model).inc(usage.calls)
        else:
            self._cost.labels(self._model).inc(usage.cost_usd)

    def failed(self, usage: Usage, code: str) -> None:
        """A call was paid for in vain."""
        if self._model is not None and usage.calls:
            self._failed.labels(self._model, code).inc()
            self.took(usage)

    def _begin(self, model: str) -> None:
        """Have the series begin at 0, so that the first answer counts as growth."""
        for kind in _KINDS:
            self._tokens.labels(model, kind)
        for metric in (self._requests, self._cost, self._unpriced, self._budget_wait):
            metric.labels(model)
