"""What tokens cost."""

from pathlib import Path

import pytest

from libs.common.errors import InvalidSettings
from libs.common.minutes import Usage
from services.summarizer.prices import load_prices

USAGE = Usage(calls=1, input_tokens=1_000_000, cached_input_tokens=400_000, output_tokens=100_000)


def test_tokens_that_the_provider_had_read_before_cost_less() -> None:
    assert load_prices().cost("gpt-4o-mini", USAGE) == pytest.approx(0.6 * 0.15 + 0.4 * 0.075 + 0.1 * 0.60)


@pytest.mark.parametrize(
    ("dated", "base"), [("gpt-4o-mini-2024-07-18", "gpt-4o-mini"), ("gpt-5-mini-2025-08-07", "gpt-5-mini")]
)
def test_a_dated_name_costs_what_its_base_costs(dated: str, base: str) -> None:
    assert load_prices().cost(dated, USAGE) == load_prices().cost(base, USAGE)


def test_a_dated_name_with_a_price_of_its_own_costs_that_and_has_no_cheaper_input() -> None:
    assert load_prices().cost("gpt-4o-2024-05-13", USAGE) == pytest.approx(5.00 + 0.1 * 15.00)


@pytest.mark.parametrize("model", ["gpt-4o-audio-preview", "qwen2.5:7b", "ft:gpt-4o-mini-2024-07-18:acme::1", "", None])
def test_an_unknown_model_has_no_cost_rather_than_a_wrong_one(model: str | None) -> None:
    assert load_prices().cost(model, USAGE) is None


def test_a_usage_gets_its_cost_and_keeps_its_tokens(tmp_path: Path) -> None:
    own = tmp_path / "prices.yaml"
    own.write_text("qwen: {input: 1, output: 2}\n")
    assert load_prices(own).priced("qwen", USAGE) == USAGE.model_copy(update={"cost_usd": 1.2})
    assert load_prices(own).priced("gpt-4o", USAGE).cost_usd is None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("gpt-4o: {input: 1}", "gpt-4o.output: Field required"),
        ("gpt-4o: {input: -1, output: 1}", "gpt-4o.input: Input should be greater than or equal to 0"),
        ("gpt-4o: {input: .nan, output: 1}", "gpt-4o.input"),
        ("gpt-4o: {input: 1, output: 1, cashed_input: 1}", "gpt-4o.cashed_input: Extra inputs are not permitted"),
        ("gpt-4o: cheap", "gpt-4o: Input should be"),
        ("[gpt-4o]", "valid dictionary"),
        ("", "valid dictionary"),
        ("gpt-4o: {input: 1", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_with_the_name_of_the_field(tmp_path: Path, content: str, complaint: str) -> None:
    wrong = tmp_path / "prices.yaml"
    wrong.write_text(content)
    with pytest.raises(InvalidSettings, match="OPENAI_PRICES") as raised:
        load_prices(wrong)
    assert complaint in raised.value.message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="cannot be read"):
        load_prices(tmp_path / "none.yaml")
