"""The deliveries of one stage: read, renew, take over, and the ways to settle them."""

import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from os import getpid
from typing import Literal, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from libs.common.streams.batch import ScriptBatch
from libs.common.streams.entry import Entry
from libs.common.streams.keys import (
    cancelled_key,
    delayed_key,
    marker_key,
    moved_key,
    stream_key,
    waiting_entries_key,
)
from libs.common.streams.scripts import Scripts

State = Literal["held", "lost", "gone", "cancelled"]
"""`lost`: another worker has it. `gone`: Redis knows nothing of it; the work may go on, the outcome decides."""

Settled = Literal["published", "settled", "cancelled"]

_MARKER_LIFETIME = 30 * 86400
_IMMEDIATELY_MS = 2_000_000_000
_PROMOTED_AT_ONCE = 100


def consumer_name(service: str) -> str:
    """A name that no other process start ever has."""
    return f"{service}-{socket.gethostname()}-{getpid()}-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True)
class Delivery:
    """One entry on loan to this worker. (consumer, times_delivered) is the token of the loan."""

    id: str
    times_delivered: int
    entry: Entry

    @property
    def attempts(self) -> int:
        """Which attempt this is, over all entries that carried the event."""
        return self.entry.spent + self.times_delivered

    @property
    def is_suspect(self) -> bool:
        """Whether a worker died that had it."""
        return self.times_delivered > 1


@dataclass(frozen=True)
class Unreadable:
    """An entry that is not what the stream promises."""

    id: str
    reason: str


class StageQueue:
    """A consumer group on one stream, as one worker sees it."""

    def __init__(self, redis: Redis, scripts: Scripts, *, stream: str, group: str, consumer: str) -> None:
        self.group = group
        self.consumer = consumer
        self._redis = redis
        self._scripts = scripts
        self._key = stream_key(stream)
        self._moved = moved_key(group)
        self._delayed = delayed_key(group)
        self._waiting = waiting_entries_key(group)
        self._settling = ScriptBatch(redis, scripts.settle)

    async def ensure_group(self) -> None:
        """Make stream and group, from the first entry: a group made at the end loses what is there."""
        try:
            await self._redis.xgroup_create(self._key, self.group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def read(self, count: int, *, block: float) -> list[Delivery | Unreadable]:
        """Up to `count` new deliveries, after at most `block` seconds.

        Never cancel it: Redis would go on to deliver entries that nobody sees.
        """
        try:
            answer = await self._redis.xreadgroup(
                self.group, self.consumer, {self._key: ">"}, count=count, block=max(1, int(block * 1000))
            )
            streams = cast(list[tuple[str, list[tuple[str, dict[str, str]]]]], answer or [])
        except ResponseError as error:
            await self._recover(error)
            return []
        return [delivery_of(self._key, id_, 1, fields) for _, entries in streams for id_, fields in entries]

    async def take_over(
        self, count: int, *, lease: float, in_hand: Sequence[str] = (), only_handed_back: bool = False
    ) -> list[Delivery | Unreadable]:
        """Up to `count` deliveries whose lease has expired, except those `in_hand` by this very worker."""
        mode = "1" if only_handed_back else ""
        try:
            taken = await self._scripts.take_over(
                keys=[self._key], args=[self.group, self.consumer, int(lease * 1000), count, mode, *in_hand]
            )
        except ResponseError as error:
            await self._recover(error)
            return []
        return [
            delivery_of(self._key, id_, delivered, dict(zip(fields[::2], fields[1::2], strict=True)))
            for id_, delivered, fields in taken
        ]

    async def renew(self, deliveries: Sequence[tuple[Delivery, str]]) -> list[State]:
        """Renew the leases of (delivery, run id) pairs; answers in the same order."""
        if not deliveries:
            return []
        keys = [self._key, *(cancelled_key(run_id) for _, run_id in deliveries)]
        tokens = [value for delivery, _ in deliveries for value in _token(delivery)]
        return cast(list[State], await self._scripts.renew(keys=keys, args=[self.group, self.consumer, *tokens]))

    async def cancelled_runs(self, deliveries: Sequence[Delivery]) -> set[str]:
        """The ids of those deliveries whose run was cancelled."""
        if not deliveries:
            return set()
        keys = [cancelled_key(delivery.entry.publisher.run_id) for delivery in deliveries]
        found = await self._redis.mget(keys)
        return {delivery.id for delivery, value in zip(deliveries, found, strict=True) if value is not None}

    async def settle(self, delivery: Delivery, *, unit_id: str, run_id: str, entries: Sequence[Entry]) -> Settled:
        """Publish a unit's events unless they were, and acknowledge its input."""
        return await _settle(
            self._settling,
            input_key=self._key,
            group=self.group,
            delivery=(delivery.id, delivery.entry.fact),
            unit_id=unit_id,
            run_id=run_id,
            entries=entries,
        )

    async def acknowledge(self, delivery: Delivery, unit_id: str) -> State:
        """Settle a delivery that publishes nothing."""
        return cast(
            State,
            await self._scripts.acknowledge(
                keys=[self._key, self._moved], args=[self.group, self.consumer, *_token(delivery), unit_id]
            ),
        )

    async def delay(
        self, delivery: Delivery, unit_id: str, *, delay: float, spent: int, waiting_since: str = ""
    ) -> State:
        """Put the delivery aside for `delay` seconds; `spent` attempts are counted against it."""
        keys = [self._key, self._delayed, self._waiting, self._moved]
        args: list[str | int] = [
            self.group,
            self.consumer,
            *_token(delivery),
            unit_id,
            int(delay * 1000),
            spent,
            waiting_since,
        ]
        return cast(State, await self._scripts.delay(keys=keys, args=args))

    async def hand_back(self, delivery: Delivery, *, at_once: bool = True) -> State:
        """Give the delivery back uncounted, to be taken over at once or after a lease."""
        idle = _IMMEDIATELY_MS if at_once else 0
        return cast(
            State,
            await self._scripts.hand_back(keys=[self._key], args=[self.group, self.consumer, *_token(delivery), idle]),
        )

    async def discard(self, entry_id: str) -> None:
        """Acknowledge an entry that cannot be read."""
        await self._redis.xack(self._key, self.group, entry_id)

    async def promote(self) -> int:
        """Add what is due again; returns how many entries."""
        keys = [self._key, self._delayed, self._waiting, self._moved]
        return int(await self._scripts.promote(keys=keys, args=[_PROMOTED_AT_ONCE]))

    async def _recover(self, error: ResponseError) -> None:
        if not is_group_lost(error):
            raise error
        await self.ensure_group()


def is_group_lost(error: ResponseError) -> bool:
    """Whether the stream or its group is gone: FLUSHALL, DEL or XGROUP DESTROY."""
    return any(word in str(error) for word in ("NOGROUP", "UNBLOCKED"))


def delivery_of(key: str, id_: str, times_delivered: int, fields: dict[str, str]) -> Delivery | Unreadable:
    """What Redis delivered, typed."""
    try:
        entry = Entry.parse(key, fields)
        _ = entry.publisher
    except ValueError as error:
        return Unreadable(id=id_, reason=str(error))
    return Delivery(id=id_, times_delivered=times_delivered, entry=entry)


class Publisher:
    """Publishes for units whose input is not in a stream."""

    def __init__(self, redis: Redis, scripts: Scripts) -> None:
        self._settling = ScriptBatch(redis, scripts.settle)

    async def publish(self, *, unit_id: str, run_id: str, entries: Sequence[Entry]) -> Settled:
        """Publish a unit's events unless they were."""
        return await _settle(
            self._settling,
            input_key=stream_key("none"),
            group="",
            delivery=("", ""),
            unit_id=unit_id,
            run_id=run_id,
            entries=entries,
        )


async def _settle(
    settling: ScriptBatch,
    *,
    input_key: str,
    group: str,
    delivery: tuple[str, str],
    unit_id: str,
    run_id: str,
    entries: Sequence[Entry],
) -> Settled:
    outputs = list(dict.fromkeys(entry.key for entry in entries))
    keys = [marker_key(unit_id), input_key, moved_key(group), cancelled_key(run_id), *outputs]
    args: list[str | int] = [group, *delivery, unit_id, _MARKER_LIFETIME]
    for entry in entries:
        args += [5 + outputs.index(entry.key), *entry.fields()]
    return cast(Settled, await settling.run(keys, args))


def _token(delivery: Delivery) -> tuple[str, int, str]:
    return delivery.id, delivery.times_delivered, delivery.entry.fact
