"""The end of the gateway's work in the background."""

import asyncio

from services.gateway.background.upkeep import end


async def test_a_loop_that_takes_its_cancellation_for_an_outage_ends_all_the_same() -> None:
    cancellations = 0

    async def go_on() -> None:
        nonlocal cancellations
        while cancellations < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancellations += 1

    loop = asyncio.create_task(go_on())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end([loop])
    assert cancellations == 2
