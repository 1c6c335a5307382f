"""What the tokens of a remote model cost, by a file that whoever runs the service can replace."""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from libs.common.errors import InvalidSettings
from libs.common.minutes import Usage
from libs.common.speech import Frozen

PRICES = Path(__file__).parent / "prices.yaml"

_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_MILLION = 1_000_000


class Price(Frozen):
    """USD per million tokens of one model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0, allow_inf_nan=False)

    cached_input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Of input that the provider had read before; left out, it costs like the rest."""

    output: float = Field(ge=0, allow_inf_nan=False)

    def cost(self, usage: Usage) -> float:
        """USD."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        fresh_tokens = max(0, usage.input_tokens - usage.cached_input_tokens)
        cached_cost = usage.cached_input_tokens * cached_price
        return (fresh_tokens * self.input + cached_cost + usage.output_tokens * self.output) / _MILLION


class Prices:
    """The prices of some models, by name."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = prices

    def cost(self, model: str | None, usage: Usage) -> float | None:
        """USD, or `None` where the model's price is not known; a dated name costs what its base costs."""
        if model is None:
            return None
        price = self._prices.get(model) or self._prices.get(_DATE.sub("", model))
        return None if price is None else price.cost(usage)

    def priced(self, model: str | None, usage: Usage) -> Usage:
        """The same usage with its cost."""
        return usage.model_copy(update={"cost_usd": self.cost(model, usage)})


def load_prices(path: Path = PRICES) -> Prices:
    """Read a file of prices.

    Raises:
        InvalidSettings: It is missing or wrong; the text names the field.
    """
    try:
        return Prices(_FILE.validate_python(yaml.safe_load(path.read_text("utf-8"))))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidSettings(f"OPENAI_PRICES: {path} cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise InvalidSettings(f"OPENAI_PRICES: {path} is wrong: {faults}") from error


_FILE = TypeAdapter(dict[str, Price])
