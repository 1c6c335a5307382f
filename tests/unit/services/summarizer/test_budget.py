"""One budget for all replicas, on a real Redis."""

import json
import pickle
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis
from structlog.testing import capture_logs

from cli.local.child import free_port
from libs.common import progress
from libs.common.blocking_redis import connect_blocking
from libs.common.errors import InvalidSettings, Postpone
from libs.common.streams import keys
from libs.common.streams.connection import connect
from services.summarizer.budget import PREFIX, Budget, BudgetExhausted, BudgetLimits

WINDOW = 0.5
ROOMY = BudgetLimits(tokens=100, window=60.0)
SHORT = BudgetLimits(tokens=100, window=WINDOW)
LONGER = BudgetLimits(tokens=100, window=4 * WINDOW)
"""For tests in which something has to happen while somebody waits."""

MakeBudget = Callable[[BudgetLimits], Budget]


@pytest.fixture
def client(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url, decode_responses=True) as connected:
        yield connected


@pytest.fixture
def make_budget(redis_url: str) -> MakeBudget:
    """A replica's own budget object, with a connection of its own."""
    return lambda limits: Budget.open(redis_url, "https://api.openai.com sk-secret", limits)


def spend(redis_url: str, limits: dict[str, float], *, requests: int, tokens: int) -> list[tuple[float, float]]:
    """What two processes did with one budget: the place of each request and when it went, by place."""
    command = [sys.executable, "-m", "tests.unit.services.summarizer.spender", redis_url, "shared"]
    command += [str(requests), str(tokens), json.dumps(limits)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    lines = [line for process in processes for line in process.communicate(timeout=60)[0].splitlines()]
    assert [process.returncode for process in processes] == [0, 0]
    return sorted((place, gone_at) for place, gone_at in map(json.loads, lines))


@pytest.mark.parametrize("limits", [{"tokens": 100, "window": WINDOW}, {"requests": 4, "window": WINDOW}])
def test_two_processes_together_never_exceed_the_budget_in_any_window(redis_url: str, limits: dict[str, float]) -> None:
    spent = spend(redis_url, limits, requests=8, tokens=25)
    places = [place for place, _ in spent]
    assert len(places) == 16
    within = [sum(1 for one in places if place - WINDOW < one <= place) for place in places]
    assert max(within) == 4
    assert all(place <= gone_at for place, gone_at in spent)


def test_a_place_that_is_too_far_away_is_not_taken(make_budget: MakeBudget) -> None:
    budget = make_budget(ROOMY)
    first = budget.reserve(80)
    with pytest.raises(BudgetExhausted) as raised:
        make_budget(ROOMY).reserve(30)
    assert isinstance(raised.value, Postpone)
    assert raised.value.delay == pytest.approx(60.0, abs=5.0)
    first.give_back()
    budget.reserve(100, patience=0.0)


def test_what_was_not_used_is_free_again(make_budget: MakeBudget) -> None:
    make_budget(ROOMY).reserve(100).settle(10)
    make_budget(ROOMY).reserve(90, patience=0.0)


def test_what_was_used_beyond_the_estimate_counts(make_budget: MakeBudget) -> None:
    make_budget(ROOMY).reserve(10).settle(100)
    with pytest.raises(BudgetExhausted):
        make_budget(ROOMY).reserve(1)


def test_what_never_went_out_counts_neither_as_request_nor_as_tokens(make_budget: MakeBudget) -> None:
    budget = make_budget(BudgetLimits(requests=1, tokens=100))
    budget.reserve(100).give_back()
    budget.reserve(100, patience=0.0)
    with pytest.raises(BudgetExhausted):
        budget.reserve(0)


def test_what_took_nothing_leaves_the_window_like_everything_else(make_budget: MakeBudget, client: Redis) -> None:
    budget = make_budget(LONGER)
    budget.reserve(100).settle(0)
    budget.reserve(100).settle(60)
    budget.reserve(60, patience=10.0)

    with pytest.raises(BudgetExhausted):
        budget.reserve(100, patience=0.0)
    assert total(client) == 60


def test_a_late_settlement_changes_nothing(make_budget: MakeBudget, client: Redis) -> None:
    budget = make_budget(SHORT)
    first = budget.reserve(100)
    second = budget.reserve(100)
    first.settle(50)
    first.give_back()
    second.settle(99)
    assert total(client) == 99


def test_a_request_larger_than_the_budget_goes_alone(make_budget: MakeBudget) -> None:
    budget = make_budget(SHORT)
    begun = time.monotonic()
    budget.reserve(1)
    budget.reserve(1000, patience=0.0)
    assert time.monotonic() - begun >= WINDOW
    budget.reserve(1)
    assert time.monotonic() - begun >= 2 * WINDOW


def test_nobody_overtakes_one_who_waits(make_budget: MakeBudget, client: Redis) -> None:
    make_budget(LONGER).reserve(60)
    with ThreadPoolExecutor() as others:
        waiting = others.submit(make_budget(LONGER).reserve, 80)
        until_places(client, 2)
        with pytest.raises(BudgetExhausted):
            make_budget(LONGER).reserve(10, patience=0.0)
        waiting.result(60)


def test_a_pause_holds_for_every_replica(make_budget: MakeBudget) -> None:
    begun = time.monotonic()
    make_budget(BudgetLimits()).pause(WINDOW)
    make_budget(BudgetLimits()).reserve(10)
    assert time.monotonic() - begun >= WINDOW * 0.9
    make_budget(BudgetLimits()).pause(60.0)
    with pytest.raises(BudgetExhausted) as raised:
        make_budget(BudgetLimits()).reserve(10)
    assert raised.value.delay == pytest.approx(60.0, abs=5.0)


def test_a_shorter_pause_does_not_end_a_longer_one(make_budget: MakeBudget) -> None:
    make_budget(ROOMY).pause(60.0)
    make_budget(ROOMY).pause(0.001)
    with pytest.raises(BudgetExhausted):
        make_budget(ROOMY).reserve(1)


def test_a_pause_holds_those_back_who_wait_already(make_budget: MakeBudget, client: Redis) -> None:
    make_budget(LONGER).reserve(100)
    with ThreadPoolExecutor() as others:
        waiting = others.submit(make_budget(LONGER).reserve, 100)
        until_places(client, 2)
        begun = time.monotonic()
        make_budget(LONGER).pause(5 * WINDOW)
        waiting.result(60)
        assert time.monotonic() - begun >= 5 * WINDOW * 0.9


def test_who_waits_shows_signs_of_life(make_budget: MakeBudget) -> None:
    heard: list[float] = []
    progress.listen(heard.append)
    make_budget(LONGER).reserve(100)
    assert heard == []
    make_budget(LONGER).reserve(100, fraction=0.25)
    assert set(heard) == {0.25}


def test_without_redis_requests_go_and_it_is_said_once() -> None:
    budget = Budget.open(f"redis://127.0.0.1:{free_port()}/0", "account", BudgetLimits(requests=1))
    with capture_logs() as logs:
        for _ in range(3):
            budget.reserve(100).settle(90)
        budget.pause(60.0)
        budget.reserve(100).give_back()
    assert [entry["log_level"] for entry in logs] == ["warning"]


def test_every_outage_is_said_once(client: Redis) -> None:
    budget = Budget(client, "account", ROOMY)
    with capture_logs() as logs:
        for _ in range(2):
            client.set(f"{PREFIX}account:places", "what no script can read")
            budget.reserve(100)
            budget.reserve(100)
            client.delete(f"{PREFIX}account:places")
            budget.reserve(100)
            client.flushall()
    assert len(logs) == 2


def test_an_emptied_redis_begins_anew(make_budget: MakeBudget, client: Redis) -> None:
    budget = make_budget(ROOMY)
    before = budget.reserve(100)
    client.flushall()
    budget.reserve(60, patience=0.0)
    before.settle(50)
    budget.reserve(40, patience=0.0)


@pytest.mark.parametrize("half", ["places", "sizes"])
def test_half_of_the_keys_is_no_budget(make_budget: MakeBudget, client: Redis, half: str) -> None:
    make_budget(ROOMY).reserve(100)
    client.delete(*client.keys(f"*:{half}"))
    make_budget(ROOMY).reserve(10, patience=0.0)
    make_budget(ROOMY).reserve(90, patience=0.0)


def test_keys_share_the_hash_tag_expire_and_hide_the_account(make_budget: MakeBudget, client: Redis) -> None:
    budget = make_budget(ROOMY)
    budget.reserve(1)
    budget.pause(5.0)
    found = client.keys("*")
    assert len(found) == 3
    assert PREFIX.startswith(keys.PREFIX)
    assert all(str(key).startswith(PREFIX) and "secret" not in str(key) for key in found)
    assert all(0 < client.pttl(key) <= 120_000 for key in found)


def test_another_account_has_a_budget_of_its_own(make_budget: MakeBudget, redis_url: str) -> None:
    make_budget(ROOMY).reserve(100)
    Budget.open(redis_url, "https://api.openai.com sk-other", ROOMY).reserve(100, patience=0.0)


def test_the_delay_comes_out_of_a_child_process() -> None:
    assert pickle.loads(pickle.dumps(BudgetExhausted("later", delay=7.0))).delay == 7.0


def test_an_address_of_no_redis_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidSettings, match="REDIS_URL"):
        Budget.open("nonsense", "account", ROOMY)


@pytest.mark.parametrize("url", ["redis://:secr/et@host:6379/0", "redis://user:secr#et@host"])
@pytest.mark.parametrize("connect_to", [connect_blocking, connect])
def test_a_password_that_breaks_the_address_is_not_shown(url: str, connect_to: Callable[[str], object]) -> None:
    with pytest.raises(InvalidSettings, match="REDIS_URL") as refused:
        connect_to(url)
    assert "secr" not in "".join(traceback.format_exception(refused.value, chain=True)).replace(url, "")


def total(client: Redis) -> int:
    """The tokens of all places that are remembered."""
    (sizes,) = client.keys("*:sizes")
    return int(str(client.hget(sizes, "total")))


def until_places(client: Redis, count: int) -> None:
    """Wait until so many requests have a place."""
    enough = threading.Event()
    deadline = time.monotonic() + 60
    while sum(client.zcard(key) for key in client.keys("*:places")) < count:
        assert time.monotonic() < deadline
        enough.wait(0.005)
