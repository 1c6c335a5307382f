"""A replica in a process of its own: it takes a budget's places as fast as it gets them, and says when."""

import json
import sys
import time

from redis import Redis

from services.summarizer.budget import PREFIX, Budget, BudgetLimits


def main(url: str, name: str, requests: int, tokens: int, limits: BudgetLimits) -> None:
    """Print `[place, gone at]` of each request, in seconds of the same machine's clock."""
    with Redis.from_url(url) as redis:
        budget = Budget(redis, name, limits)
        for _ in range(requests):
            reservation = budget.reserve(tokens, patience=60.0)
            gone_at = time.time()
            place = redis.zscore(f"{PREFIX}{name}:places", reservation.id)
            print(json.dumps([float(str(place)) / 1_000_000, gone_at]), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), BudgetLimits(**json.loads(sys.argv[5])))
