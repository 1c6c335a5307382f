"""Does what the schedule says, and keeps a record of what came of it."""

import asyncio
import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import structlog

from chaos.faults.fault import NoTarget, World
from chaos.schedule import Strike

_TRIES = 3

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Struck:
    """A fault that happened."""

    name: str
    storm: int
    began: datetime.datetime
    ended: datetime.datetime
    detail: str


@dataclass(frozen=True)
class Missed:
    """A fault that found nothing to hit."""

    name: str
    reason: str


async def carry_out(schedule: Sequence[Strike], world: World) -> tuple[list[Struck], list[Missed]]:
    """All strikes at their times, also while others still last."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as group:
        tasks = []
        for strike in schedule:
            await asyncio.sleep(max(0.0, began + strike.at - loop.time()))
            tasks.append(group.create_task(_carry_out(strike, world)))
    results = [task.result() for task in tasks]
    return [one for one in results if isinstance(one, Struck)], [one for one in results if isinstance(one, Missed)]


def write_strikes(struck: Sequence[Struck], path: Path) -> None:
    """One line for each, for whoever looks into a failure."""
    lines = (f"{one.began:%H:%M:%S.%f} {one.ended:%H:%M:%S.%f} {one.name} {one.detail}\n" for one in struck)
    path.write_text("".join(lines))


async def _carry_out(strike: Strike, world: World) -> Struck | Missed:
    began, reason = datetime.datetime.now(datetime.UTC), ""
    for number in range(_TRIES):
        try:
            detail = await strike.fault.strike(world, random.Random(strike.seed + number))
        except (NoTarget, psutil.NoSuchProcess) as error:
            reason = str(error)
            _log.warning("missed", fault=strike.fault.name, reason=reason)
            continue
        _log.info("struck", fault=strike.fault.name, detail=detail)
        return Struck(strike.fault.name, strike.storm, began, datetime.datetime.now(datetime.UTC), detail)
    return Missed(strike.fault.name, reason)
