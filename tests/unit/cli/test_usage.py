"""How calls, tokens and costs are shown."""

import datetime
import io

import pytest
from rich.console import Console

from cli.answers.comparison import Comparison
from cli.answers.meetings import MeetingStatus, StageStatus
from cli.answers.results import Engine, Minutes, Results
from cli.answers.usage import Usage
from cli.show import stage_line, stages_table
from cli.show_usage import took, usage_lines
from cli.side_by_side import numbers
from tests.unit.cli.recorded_runs import COMPARISON

USAGE = Usage(calls=2, input_tokens=900, output_tokens=100, cost_usd=0.25)


def minutes(model: str, usage: Usage) -> Minutes:
    return Minutes(
        title="Minutes", summary="Ships.", engine=Engine(name="openai", models={"minutes": model}), usage=usage
    )


def results(**each: Minutes) -> Results:
    return Results(meeting_id="m", duration=1.0, minutes=each)


@pytest.mark.parametrize(
    ("cost", "shown"),
    [(None, "cost unknown"), (0.0, "$0"), (0.0004, "under $0.001"), (0.0083, "$0.008"), (1234.5, "$1,234.50")],
)
def test_costs_have_as_many_digits_as_matter(cost: float | None, shown: str) -> None:
    assert took(Usage(calls=1, input_tokens=1_000_000, cost_usd=cost)) == f"1 call, 1,000,000 tokens, {shown}"


def test_personas_of_one_model_are_one_line() -> None:
    shown = usage_lines(
        results(executive=minutes("gpt-4o", USAGE), engineer=minutes("gpt-4o", USAGE), all=minutes("gpt-5", USAGE))
    )
    assert list(shown) == [
        "minutes by gpt-4o: 4 calls, 2,000 tokens, $0.500",
        "minutes by gpt-5: 2 calls, 1,000 tokens, $0.250",
    ]


def test_one_unknown_price_makes_the_whole_cost_unknown() -> None:
    unpriced = USAGE.model_copy(update={"cost_usd": None})
    shown = usage_lines(results(executive=minutes("gpt-4o", USAGE), engineer=minutes("gpt-4o", unpriced)))
    assert list(shown) == ["minutes by gpt-4o: 4 calls, 2,000 tokens, cost unknown"]


def test_minutes_that_asked_nobody_and_those_of_an_older_gateway_have_no_line() -> None:
    older = Minutes.model_validate({"title": "Minutes", "summary": "Ships."})
    assert list(usage_lines(results(executive=older, engineer=minutes("none", Usage())))) == []


def test_the_status_of_a_stage_says_what_it_took() -> None:
    stage = StageStatus(status="completed", seconds=3.2, engine="openai", usage=USAGE)
    assert stage_line("summarize", stage) == "summarize: completed, openai, 2 calls, 1,000 tokens, $0.250"
    shown = Console(file=io.StringIO(), width=120)
    shown.print(stages_table(MeetingStatus(meeting_id="m", status="completed", stages={"summarize": stage})))
    assert isinstance(shown.file, io.StringIO)
    assert "openai, 2 calls, 1,000 tokens, $0.250" in shown.file.getvalue()


def test_seconds_of_units_side_by_side_are_called_work() -> None:
    noon = datetime.datetime(2026, 1, 5, 12, tzinfo=datetime.UTC)
    stage = StageStatus(status="completed", started_at=noon, seconds=73.94)
    assert stage_line("transcribe", stage) == "transcribe: completed, 73.9 s of work"
    shown = Console(file=io.StringIO(), width=120)
    shown.print(stages_table(MeetingStatus(meeting_id="m", status="completed", stages={"transcribe": stage})))
    assert isinstance(shown.file, io.StringIO)
    assert "s of work" in shown.file.getvalue()


def test_a_comparison_says_what_each_side_took() -> None:
    comparison = Comparison.model_validate(COMPARISON)
    assert not any(line.startswith("cost") for line in numbers(comparison))
    side = comparison.before.model_copy(update={"usage": USAGE})
    shown = list(numbers(comparison.model_copy(update={"before": side})))
    assert shown[-1] == "cost      2 calls, 1,000 tokens, $0.250 → 0 calls, 0 tokens, $0"
