"""How many requests and tokens may go to a remote model per minute: one budget for all replicas, kept in Redis.

Our own scripts rather than the library `limits` (5.8): it excludes redis-py 8, trusts the clock of each client, keeps
one list item per token where it is exact and may exceed the limit where it is not, and knows neither two budgets in
one step nor a refund nor a pause.
"""

import hashlib
import math
import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import structlog
from redis import Redis
from redis.commands.core import Script
from redis.exceptions import RedisError

from libs.common import progress
from libs.common.blocking_redis import connect_blocking
from libs.common.errors import Postpone

PREFIX = "{hansard}:budget:"
"""The hash tag of all keys keeps each script in one slot of a cluster."""

MINUTE = 60.0
PATIENCE = 10.0
"""Seconds that a request waits at most; for more, its unit gives its slot to others."""

_SIGN_PERIOD = 1.0
_MICROSECONDS = 1_000_000
_NEVER_SENT = -1
_SCRIPTS = Path(__file__).parent / "scripts"

_log = structlog.get_logger(__name__)


class BudgetExhausted(Postpone):
    """The requests or tokens of this minute are spoken for, or the API asked for a pause."""

    code = "budget_exhausted"


@dataclass(frozen=True)
class BudgetLimits:
    """What may go out within any window; `None` for no limit."""

    requests: int | None = None
    tokens: int | None = None
    window: float = MINUTE


class Budget:
    """Gives every request its place in line. Redis out of reach means no budget, never no minutes."""

    def __init__(self, redis: Redis, name: str, limits: BudgetLimits) -> None:
        """All that use the same `name` share the budget."""
        self._limits = limits
        self._keys = [f"{PREFIX}{name}:{one}" for one in ("places", "sizes", "pause")]
        self._reserve = _script(redis, "clock", "places", "reserve")
        self._settle = _script(redis, "clock", "places", "settle")
        self._pause = _script(redis, "clock", "pause")
        self._is_out_of_reach = False

    @classmethod
    def open(cls, redis_url: str, account: str, limits: BudgetLimits) -> Self:
        """The budget of an account: whatever the provider counts together, such as address, key and model.

        Raises:
            InvalidSettings: The address is none of a Redis.
        """
        return cls(connect_blocking(redis_url), hashlib.sha256(account.encode()).hexdigest()[:16], limits)

    def reserve(self, tokens: int, *, fraction: float = 0.0, patience: float = PATIENCE) -> "Reservation":
        """Wait for a place with room for a request of so many tokens; `fraction` of the unit is done meanwhile.

        A request that is larger than the whole budget goes alone, and waits for that: else it would never go.

        Raises:
            BudgetExhausted: That would take longer than `patience`.
        """
        reservation = Reservation(self, secrets.token_hex(8))
        if self._limits.tokens is not None and tokens > self._limits.tokens:
            patience += self._limits.window
        waited, until = 0.0, time.monotonic() + patience
        while (wait := self._place(reservation.id, tokens, max(0.0, until - time.monotonic()))) > 0:
            _wait(wait, fraction)
            waited += wait
        return replace(reservation, waited=waited)

    def pause(self, seconds: float) -> None:
        """Let no request of any replica go for so long; who has a place takes another one afterwards."""
        self._run(self._pause, max(1, math.ceil(seconds * _MICROSECONDS)))

    def settle(self, reservation_id: str, tokens: int) -> None:
        """Use `Reservation.settle`."""
        self._run(self._settle, reservation_id, tokens)

    def _place(self, reservation_id: str, tokens: int, patience: float) -> float:
        """Seconds until the place that was taken; 0 to go now."""
        limits = self._limits
        answer = self._run(
            self._reserve,
            reservation_id,
            tokens,
            limits.requests or 0,
            limits.tokens or 0,
            round(limits.window * _MICROSECONDS),
            round(patience * _MICROSECONDS),
        )
        if not isinstance(answer, list):
            return 0.0
        is_taken, wait = answer[0] == 1, answer[1] / _MICROSECONDS
        if not is_taken:
            raise BudgetExhausted(f"the next request may go in {wait:.0f} s", delay=wait)
        return float(wait)

    def _run(self, script: Script, *values: str | int) -> object:
        """What the script answered, or `None` where Redis is out of reach."""
        try:
            answer: object = script(keys=self._keys, args=list(values))
        except (RedisError, OSError) as error:
            if not self._is_out_of_reach:
                _log.warning("the shared budget is out of reach; requests go without it", error=str(error))
            self._is_out_of_reach = True
            return None
        self._is_out_of_reach = False
        return answer


@dataclass(frozen=True)
class Reservation:
    """A request's place in the budget."""

    budget: Budget
    id: str
    waited: float = 0.0
    """Seconds until it could be used."""

    def settle(self, used_tokens: int) -> None:
        """Count what the request really took."""
        self.budget.settle(self.id, used_tokens)

    def give_back(self) -> None:
        """Count nothing: the request never went out."""
        self.budget.settle(self.id, _NEVER_SENT)


def _wait(seconds: float, fraction: float) -> None:
    """Sleep, with signs of life."""
    until = time.monotonic() + seconds
    while (remaining := until - time.monotonic()) > 0:
        progress.report(fraction)
        time.sleep(min(remaining, _SIGN_PERIOD))


def _script(redis: Redis, *names: str) -> Script:
    return redis.register_script("\n".join((_SCRIPTS / f"{name}.lua").read_text() for name in names))
