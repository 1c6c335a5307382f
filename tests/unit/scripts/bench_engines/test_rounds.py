"""Sides take turns, and are compared round by round."""

import asyncio
from functools import partial

import pytest

from scripts.bench_engines.rounds import Side, Timings, Took, measured


async def test_sides_take_turns_and_every_second_round_goes_backwards() -> None:
    order: list[str] = []

    async def work(name: str) -> str:
        order.append(name)
        return name.upper()

    sides = [Side(name, partial(work, name)) for name in ("plain", "ours")]
    timings = await measured(sides, rounds=3)
    assert order[:2] == ["plain", "ours"], "both are warm before the clock runs"
    assert order[2:] == ["plain", "ours", "ours", "plain", "plain", "ours"]
    assert timings.answers == {"plain": "PLAIN", "ours": "OURS"}
    assert timings.rounds == 3


async def test_waiting_takes_wall_time_and_no_processor_time() -> None:
    async def wait() -> None:
        await asyncio.sleep(0.2)

    (took,) = (await measured([Side("waits", wait)], rounds=1, warm_up=False)).took["waits"]
    assert took.wall >= 0.2
    assert took.processor < 0.1


def test_ratios_are_taken_within_a_round_before_their_median() -> None:
    timings = Timings(
        {
            "plain": tuple(Took(wall, processor=2.0) for wall in (1.0, 10.0, 1.0)),
            "ours": tuple(Took(wall, processor=1.0) for wall in (0.5, 5.0, 3.0)),
        },
        answers={"plain": None, "ours": None},
    )
    assert timings.seconds("ours") == 3.0
    assert timings.ratio("ours") == pytest.approx(0.5)
    assert timings.spread("ours") == "0.50 to 3.00"
    assert timings.processor_ratio("ours") == pytest.approx(0.5)
    assert timings.ratio("plain") == 1.0
