"""How many entries a group has not read, where Redis does not know it: before release 7, and after a deletion.

Redis can count entries only by reading them. So a process remembers the stretches that it has counted: a look counts
what came since, what is left of the stretch that the group is reading, and a few stretches again, because entries can
be deleted. So a look costs about the same whatever waits, and no call holds Redis up for more than a page.
"""

import asyncio
from dataclasses import dataclass

from redis.commands.core import AsyncScript

PAGE = 1000
"""Entries that one call reads: some 2 ms in which Redis does nothing else."""

NEW_PAGES = 50
"""Pages that a look counts for the first time; a process that has just begun says too little until it has them all."""

_COUNTED_AGAIN = 4
"""Stretches that a look counts again, each in its turn; what was deleted from one is noticed then."""


@dataclass(frozen=True)
class _Stretch:
    """What was counted after one id, up to another."""

    after: str
    last: str
    units: int


class UnreadCounts:
    """The counts of all groups that somebody asked for."""

    def __init__(self, script: AsyncScript) -> None:
        self._script = script
        self._counts: dict[tuple[str, str], _UnreadCount] = {}

    async def of(self, key: str, group: str) -> int:
        """Entries of the stream at `key` that nobody of the group has read."""
        count = self._counts.setdefault((key, group), _UnreadCount(self._script, key, group))
        return await count.look()


class _UnreadCount:
    """What one process knows of one group on one stream. A look that is cut short loses nothing that it counted."""

    def __init__(self, script: AsyncScript, key: str, group: str) -> None:
        self._script = script
        self._key = key
        self._group = group
        self._stretches: list[_Stretch] = []
        self._delivered = "0-0"
        self._began_anew = False  # the stream or its group: what is remembered is of another past
        self._turn = 0
        self._looking = asyncio.Lock()

    async def look(self) -> int:
        async with self._looking:
            rest = await self._read_on()
            self._stretches = [one for one in self._stretches if _is_before(self._delivered, one.last)]
            for index in self._due():
                one = self._stretches[index]
                self._stretches[index] = await self._counted(one.after, one.last)
            return self._remembered + rest

    async def _read_on(self) -> int:
        """Remember what came since, page by page; what fills none yet is only answered."""
        for _ in range(NEW_PAGES):
            page = await self._counted(self._stretches[-1].last if self._stretches else "", "+")
            if self._began_anew:
                self._stretches, self._began_anew = [], False
            elif page.units < PAGE:
                return page.units
            else:
                self._stretches.append(page)
        return 0

    def _due(self) -> list[int]:
        """The stretch that the group is reading, and those whose turn it is."""
        others = range(1, len(self._stretches))
        self._turn += _COUNTED_AGAIN
        turns = [others[(self._turn + i) % len(others)] for i in range(min(_COUNTED_AGAIN, len(others)))]
        return [*range(min(1, len(self._stretches))), *turns]

    async def _counted(self, after: str, last: str) -> _Stretch:
        delivered, length, *stretch = await self._script(keys=[self._key], args=[self._group, after, last, PAGE])
        if _is_before(delivered, self._delivered) or length < self._remembered:
            self._began_anew = True
        self._delivered = delivered
        return _Stretch(*stretch)

    @property
    def _remembered(self) -> int:
        return sum(one.units for one in self._stretches)


def _is_before(one: str, other: str) -> bool:
    return _parts(one) < _parts(other)


def _parts(entry_id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in entry_id.split("-"))
