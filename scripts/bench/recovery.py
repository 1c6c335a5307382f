"""How much later a unit is done because something was killed under it."""

import asyncio
import os
import signal
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from scripts.bench.outages import measure_forgotten_units, measure_gateway
from scripts.bench.stand import Stand, stand

UNITS = 3
"""Disturbed at the same time, each in a worker of its own: the repetitions of a scenario."""

SHORT_LEASE = 4.0
DEFAULT_LEASE = 30.0
_DEFAULT_GRACE = 20.0
_SHORT_GRACE = 0.2
_INTO_THE_WORK = 0.3
_OTHERS_HAVE_BEGUN = 12.0

Strike = Callable[[Stand, Sequence[int]], Awaitable[None]]
"""Does the harm to processes that have a unit in hand."""


@dataclass(frozen=True)
class Scenario:
    """One kind of harm."""

    name: str
    strike: Strike
    spare_workers: int = 0
    grace: float = _DEFAULT_GRACE
    depends_on_lease: bool = False


@dataclass(frozen=True)
class Recovery:
    """What came of it."""

    name: str
    setting: str
    """What the figures depend on."""

    delays: tuple[float, ...]
    """Per unit: how many seconds later it was done than undisturbed units are."""

    @property
    def median(self) -> float:
        return statistics.median(self.delays)


async def _kill_children(stand: Stand, workers: Sequence[int]) -> None:
    for worker in workers:
        for child in psutil.Process(worker).children(recursive=True):
            child.kill()


async def _kill_workers(stand: Stand, workers: Sequence[int]) -> None:
    for worker in workers:
        os.kill(worker, signal.SIGKILL)


async def _kill_and_restart_workers(stand: Stand, workers: Sequence[int]) -> None:
    await _kill_workers(stand, workers)
    stand.start_workers(len(workers))


async def _terminate_workers(stand: Stand, workers: Sequence[int]) -> None:
    for worker in workers:
        os.kill(worker, signal.SIGTERM)


async def _stop_workers(stand: Stand, workers: Sequence[int]) -> None:
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)


async def _restart_redis(stand: Stand, workers: Sequence[int]) -> None:
    pid = int((stand.folder / "redis" / "redis.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    while stand.server.is_alive:  # noqa: ASYNC110 - another process is to end
        await asyncio.sleep(0.01)
    stand.server.start()


async def _empty_redis(stand: Stand, workers: Sequence[int]) -> None:
    async with stand.redis() as redis:
        await redis.flushall()


SCENARIOS = (
    Scenario("engine's process: SIGKILL", _kill_children),
    Scenario("worker: SIGKILL, a replica goes on", _kill_workers, UNITS, depends_on_lease=True),
    Scenario("worker: SIGKILL, the only one, started again", _kill_and_restart_workers, depends_on_lease=True),
    Scenario("worker: SIGSTOP", _stop_workers, UNITS, depends_on_lease=True),
    Scenario("worker: SIGTERM, done within the grace", _terminate_workers, UNITS),
    Scenario(
        "worker: SIGTERM, handed back after it",
        _terminate_workers,
        UNITS,
        grace=_SHORT_GRACE,
        depends_on_lease=True,
    ),
    Scenario("Redis: SIGKILL, started again at once", _restart_redis),
    Scenario("Redis: FLUSHALL with the unit in hand", _empty_redis),
)


async def measure_recovery(folder: Path) -> list[Recovery]:
    """With the defaults all at the same time, and the rest in turn while those wait."""
    by_default, rest, forgotten = await asyncio.gather(
        _measure_by_default(folder), _measure_rest(folder), _measure_forgotten(folder / "forgotten")
    )
    names = [one.name for one in SCENARIOS]
    ordered = sorted((*by_default, *rest), key=lambda one: names.index(one.name))
    return [*ordered, forgotten, await _measure_gateway(folder / "gateway")]


async def _measure_by_default(folder: Path) -> list[Recovery]:
    scenarios = [one for one in SCENARIOS if one.depends_on_lease]
    return await asyncio.gather(
        *(_measure(one, DEFAULT_LEASE, folder / f"default-{number}") for number, one in enumerate(scenarios))
    )


async def _measure_rest(folder: Path) -> list[Recovery]:
    await asyncio.sleep(_OTHERS_HAVE_BEGUN)
    return [
        await _measure(one, SHORT_LEASE if one.depends_on_lease else DEFAULT_LEASE, folder / f"rest-{number}")
        for number, one in enumerate(SCENARIOS)
    ]


async def _measure_forgotten(folder: Path) -> Recovery:
    delays = await measure_forgotten_units(folder)
    return Recovery("Redis: FLUSHALL while the unit waits", "after 60 s, every 15 s", tuple(delays))


async def _measure_gateway(folder: Path) -> Recovery:
    delays = await measure_gateway(folder)
    return Recovery("gateway: SIGKILL, until it answers", "no unit waits for it", tuple(delays))


async def _measure(scenario: Scenario, lease: float, folder: Path) -> Recovery:
    workers = UNITS + scenario.spare_workers
    async with stand(folder, workers=workers, lease=lease, grace=scenario.grace) as line:
        undisturbed = statistics.median(await _durations(line, None))
        durations = await _durations(line, scenario.strike)
    setting = f"lease {lease:.0f} s" if scenario.depends_on_lease else ""
    return Recovery(scenario.name, setting, tuple(duration - undisturbed for duration in durations))


async def _durations(line: Stand, strike: Strike | None) -> list[float]:
    published = await line.publish_units(UNITS)
    if strike is not None:
        holders = await line.holders(UNITS)
        await asyncio.sleep(_INTO_THE_WORK)
        await strike(line, holders)
    done = await line.results(list(published))
    return [done[run_id] - at for run_id, at in published.items()]
