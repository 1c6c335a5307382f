"""One consumer group over many streams, for a reader that handles entries at once and in order of arrival."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from libs.common.streams.keys import PREFIX, moved_key
from libs.common.streams.queue import Delivery, StageQueue, Unreadable, delivery_of, is_group_lost
from libs.common.streams.scripts import Scripts


@dataclass(frozen=True)
class Read:
    """One delivery and the stream it came from."""

    stream: str
    delivery: Delivery | Unreadable


class GroupReader:
    """Reads all new entries of some streams for one group, each entry by one of its consumers."""

    def __init__(self, redis: Redis, scripts: Scripts, *, streams: Sequence[str], group: str, consumer: str) -> None:
        self._redis = redis
        self._scripts = scripts
        self._group = group
        self._consumer = consumer
        self._queues = {
            f"{PREFIX}{stream}": StageQueue(redis, scripts, stream=stream, group=group, consumer=consumer)
            for stream in streams
        }

    async def ensure_groups(self) -> None:
        """Make all streams and groups, from the first entry."""
        for queue in self._queues.values():
            await queue.ensure_group()

    async def read(self, count: int, *, block: float) -> list[Read]:
        """Up to `count` new entries per stream, after at most `block` seconds. Never cancel it."""
        try:
            answer = await self._redis.xreadgroup(
                self._group,
                self._consumer,
                dict.fromkeys(self._queues, ">"),
                count=count,
                block=max(1, int(block * 1000)),
            )
        except ResponseError as error:
            if not is_group_lost(error):
                raise
            await self.ensure_groups()
            return []
        streams = cast(list[tuple[str, list[tuple[str, dict[str, str]]]]], answer or [])
        return [Read(key, delivery_of(key, id_, 1, fields)) for key, entries in streams for id_, fields in entries]

    async def take_over(self, count: int, *, lease: float) -> list[Read]:
        """Up to `count` entries per stream that a dead reader left."""
        taken: list[Read] = []
        for key, queue in self._queues.items():
            taken += [Read(key, delivery) for delivery in await queue.take_over(count, lease=lease)]
        return taken

    async def acknowledge(self, reads: Sequence[Read]) -> None:
        """Say that entries need not be delivered again, where they are still on loan to this consumer."""
        for read in reads:
            if isinstance(read.delivery, Unreadable):
                await self._queues[read.stream].discard(read.delivery.id)
                continue
            token = (read.delivery.id, read.delivery.times_delivered, read.delivery.entry.fact)
            await self._scripts.acknowledge(
                keys=[read.stream, moved_key(self._group)], args=[self._group, self._consumer, *token, ""]
            )
