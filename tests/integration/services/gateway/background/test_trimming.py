"""Whatever is published, read, finished, lost and taken over: no group ever loses an entry by trimming."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, ClassVar, TypeVar, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from libs.common.events import SampleAccepted
from libs.common.streams.connection import connect
from libs.common.streams.keys import PROJECTION, marker_key
from libs.common.streams.queue import Delivery, StageQueue
from libs.common.streams.scripts import Scripts
from services.gateway.background.trimmer import Trimmer
from tests.integration.deliveries import GROUP, INPUT, OUTPUT, output, unit
from tests.integration.line import accepted, entry_of, publish

T = TypeVar("T")

groups = st.sampled_from([GROUP, PROJECTION])
consumers = st.sampled_from(["one", "other"])
keeps = st.sampled_from([timedelta(0), timedelta(0), timedelta(milliseconds=2), timedelta(days=1)])


class Trimming(RuleBasedStateMachine):
    """Two groups of two consumers each on one stream, and what each group has yet to acknowledge."""

    redis_url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis = self.wait(_connected(self.redis_url))
        self.scripts = Scripts(self.redis)
        self.events: dict[str, SampleAccepted] = {}
        self.open: dict[str, set[str]] = {GROUP: set(), PROJECTION: set()}
        self.held: dict[tuple[str, str], list[Delivery]] = {}

    def wait(self, call: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(call)

    def queue(self, group: str, consumer: str) -> StageQueue:
        return StageQueue(self.redis, self.scripts, stream=SampleAccepted.stream, group=group, consumer=consumer)

    @initialize()
    def begin(self) -> None:
        self.wait(_flush(self))
        for group in self.open:
            self.wait(self.queue(group, "one").ensure_group())

    @rule(count=st.integers(1, 4))
    def publish(self, count: int) -> None:
        for _ in range(count):
            event = accepted()
            fact = entry_of(event).fact
            self.events[fact] = event
            self.wait(publish(self.redis, event))
            for facts in self.open.values():
                facts.add(fact)

    @rule(group=groups, consumer=consumers, count=st.integers(1, 3))
    def read(self, group: str, consumer: str, count: int) -> None:
        self._hold(group, consumer, self.wait(self.queue(group, consumer).read(count, block=0.001)))

    @rule(group=groups, consumer=consumers)
    def take_over(self, group: str, consumer: str) -> None:
        self._hold(group, consumer, self.wait(self.queue(group, consumer).take_over(2, lease=0)))

    @rule(group=groups, consumer=consumers)
    def crash(self, group: str, consumer: str) -> None:
        self.held.pop((group, consumer), None)

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        """One that is held; maybe another has taken it over or finished it meanwhile."""
        (group, consumer), delivery = data.draw(
            st.sampled_from([(whose, one) for whose, held in self.held.items() for one in held])
        )
        self._finish(group, consumer, delivery)

    @rule(group=groups, consumer=consumers)
    def catch_up(self, group: str, consumer: str) -> None:
        """Everything that is new to a group, but for what others hold."""
        for one in self.wait(self.queue(group, consumer).read(100, block=0.001)):
            self._hold(group, consumer, [one])
            self._finish(group, consumer, self.held[group, consumer][-1])

    @rule(group=groups, is_made_again=st.booleans())
    def destroy(self, group: str, is_made_again: bool) -> None:
        """Until somebody reads, nothing may be trimmed."""
        self.wait(_destroy(self, group))
        if is_made_again:
            self.wait(self.queue(group, "one").ensure_group())

    @rule(keep=keeps)
    def trim(self, keep: timedelta) -> None:
        self.wait(Trimmer(self.redis, self.scripts, keep=keep).trim())

    @invariant()
    def nobody_has_lost_an_entry(self) -> None:
        there = self._facts_in(INPUT)
        for facts in self.open.values():
            assert facts <= set(there)

    @invariant()
    def a_marker_goes_only_with_its_entry(self) -> None:
        there, finished = self._facts_in(INPUT), self._facts_in(OUTPUT)
        for fact in there:
            event = self.events[fact]
            names = [marker_key(f"{event.run_id}/accept")]
            names += [marker_key(unit(event).id)] if f"{unit(event).id}#0" in finished else []
            assert self.wait(_count(self, names)) == len(names)

    @invariant()
    def nothing_is_published_twice(self) -> None:
        assert max(self._facts_in(OUTPUT).values(), default=1) == 1

    def teardown(self) -> None:
        self.wait(self.redis.aclose())
        self.runner.close()

    def _finish(self, group: str, consumer: str, delivery: Delivery) -> None:
        self.held[group, consumer].remove(delivery)
        queue, fact = self.queue(group, consumer), delivery.entry.fact
        if group == PROJECTION:
            if self.wait(queue.acknowledge(delivery, "")) == "held":
                self.open[group].discard(fact)
            return
        event = self.events[fact]
        self.wait(queue.settle(delivery, unit_id=unit(event).id, run_id=event.run_id, entries=output(event)))
        self.open[group].discard(fact)

    def _hold(self, group: str, consumer: str, deliveries: list[Any]) -> None:
        self.held.setdefault((group, consumer), []).extend(one for one in deliveries if isinstance(one, Delivery))

    def _facts_in(self, key: str) -> Counter[str]:
        return self.wait(_facts(self, key))


async def _connected(redis_url: str) -> Redis:
    return connect(redis_url)


async def _flush(machine: Trimming) -> None:
    await machine.redis.flushall()


async def _destroy(machine: Trimming, group: str) -> None:
    if await machine.redis.exists(INPUT):
        await machine.redis.xgroup_destroy(INPUT, group)


async def _count(machine: Trimming, names: list[str]) -> int:
    return int(await machine.redis.exists(*names))


async def _facts(machine: Trimming, key: str) -> Counter[str]:
    entries = cast(list[tuple[str, dict[str, str]]], await machine.redis.xrange(key))
    return Counter(fields["fact"] for _, fields in entries)


def test_no_group_ever_loses_an_entry_by_trimming(shared_redis_url: str) -> None:
    class OnThisServer(Trimming):
        redis_url = shared_redis_url

    run_state_machine_as_test(
        OnThisServer, settings=settings(max_examples=60, stateful_step_count=30, derandomize=True)
    )
