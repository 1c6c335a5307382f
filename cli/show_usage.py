"""How calls, tokens and costs look at a terminal."""

from collections.abc import Iterator

from cli.answers.results import Results
from cli.answers.usage import Usage

_SMALLEST = 0.001
"""Dollars; less is shown as less."""


def took(usage: Usage) -> str:
    """`3 calls (1 cached), 41,200 tokens, $0.008`."""
    calls = f"{usage.calls} call{'' if usage.calls == 1 else 's'}"
    cached = f" ({usage.cached_calls} cached)" if usage.cached_calls else ""
    return f"{calls}{cached}, {usage.input_tokens + usage.output_tokens:,} tokens, {_dollars(usage.cost_usd)}"


def usage_lines(results: Results) -> Iterator[str]:
    """One line for each model that was asked, over all personas."""
    totals: dict[str, Usage] = {}
    for minutes in results.minutes.values():
        if minutes.usage.calls:
            model = minutes.engine.models.get("minutes", minutes.engine.name)
            totals[model] = totals.get(model, Usage()) + minutes.usage
    return (f"minutes by {model}: {took(total)}" for model, total in totals.items())


def _dollars(cost: float | None) -> str:
    if cost is None:
        return "cost unknown"
    if cost < _SMALLEST:
        return f"under ${_SMALLEST}" if cost else "$0"
    return f"${cost:.3f}" if cost < 1 else f"${cost:,.2f}"
