"""A suspect is alone in its process, from its beginning to its end."""

import asyncio

from libs.common.runtime.slots import Slots, Solitude


async def test_a_suspect_waits_until_nobody_else_runs_and_nobody_begins_beside_it() -> None:
    solitude, running, seen = Solitude(), set[str](), list[set[str]]()
    proceed = {name: asyncio.Event() for name in ("innocent", "suspect", "late")}

    async def run(name: str) -> None:
        async with solitude.place(alone=name == "suspect"):
            running.add(name)
            seen.append(set(running))
            await proceed[name].wait()
            running.discard(name)

    async with asyncio.TaskGroup() as tasks:
        for name in proceed:
            tasks.create_task(run(name))
            await _settle_down()
        for event in proceed.values():
            event.set()
            await _settle_down()
    assert seen == [{"innocent"}, {"suspect"}, {"late"}]


async def _settle_down() -> None:
    """Let every task get as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_there_is_room_since_a_place_became_free() -> None:
    slots = Slots(2)
    began = slots.room_since
    slots.take()
    assert slots.room_since == began
    slots.take()
    assert slots.room_since is None
    slots.release()
    freed = slots.room_since
    assert freed is not None
    assert began is not None
    assert freed > began
    slots.release()
    assert slots.room_since == freed
