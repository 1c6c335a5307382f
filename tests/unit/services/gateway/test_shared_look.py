"""However many ask within a moment, one look serves them."""

import asyncio

import pytest

from services.gateway.shared_look import SharedLook


class Sight:
    """Sees how often it has been looked at; a look takes until it may end."""

    def __init__(self) -> None:
        self.looks = 0
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def look(self) -> int:
        self.looks += 1
        self.begun.set()
        await self.may_end.wait()
        return self.looks


async def test_who_comes_while_a_look_is_under_way_waits_for_that_one() -> None:
    sight = Sight()
    shared = SharedLook(sight.look, fresh=60.0)
    asking = [asyncio.create_task(shared()) for _ in range(20)]
    await sight.begun.wait()
    asking += [asyncio.create_task(shared()) for _ in range(20)]
    sight.may_end.set()
    assert await asyncio.gather(*asking) == [1] * 40
    assert await shared() == 1


async def test_what_is_too_old_is_not_shown() -> None:
    sight = Sight()
    sight.may_end.set()
    shared = SharedLook(sight.look, fresh=0.0)
    assert [await shared(), await shared()] == [1, 2]


async def test_who_gives_up_leaves_the_look_to_the_next() -> None:
    sight = Sight()
    shared = SharedLook(sight.look, fresh=60.0)
    first, second = asyncio.create_task(shared()), asyncio.create_task(shared())
    await sight.begun.wait()
    first.cancel()
    sight.may_end.set()
    assert await second == 2


async def test_a_look_that_fails_is_not_shown_again() -> None:
    sight = Sight()
    sight.may_end.set()

    async def look() -> float:
        return 1 / (await sight.look() - 1)

    shared = SharedLook(look, fresh=60.0)
    with pytest.raises(ZeroDivisionError):
        await shared()
    assert await shared() == 1.0
