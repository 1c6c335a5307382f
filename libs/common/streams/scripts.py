"""The Lua scripts of the queue, each one atomic step."""

from pathlib import Path

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from libs.common.streams.unread import UnreadCounts

_FOLDER = Path(__file__).parent / "scripts"


class Scripts:
    """All scripts, registered with one client, and what those remember that count by reading."""

    def __init__(self, redis: Redis) -> None:
        self.settle = _load(redis, "settle")
        self.renew = _load(redis, "held", "renew")
        self.acknowledge = _load(redis, "held", "acknowledge")
        self.delay = _load(redis, "held", "time", "delay")
        self.promote = _load(redis, "time", "promote")
        self.take_over = _load(redis, "take_over")
        self.hand_back = _load(redis, "held", "hand_back")
        self.reconcile = _load(redis, "ids", "reconcile")
        self.trim = _load(redis, "ids", "time", "trim")
        self.reap = _load(redis, "reap")
        self.backlog = _load(redis, "time", "backlog")
        self.erase = _load(redis, "erase")
        self.unread = UnreadCounts(_load(redis, "ids", "unread"))


def _load(redis: Redis, *names: str) -> AsyncScript:
    text = "\n".join((_FOLDER / f"{name}.lua").read_text() for name in names)
    return redis.register_script(text)
