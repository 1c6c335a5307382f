import itertools
import random

import pytest

from chaos.faults import all_faults
from chaos.faults.fault import Fault, World
from chaos.schedule import SPACING, make_schedule


async def nothing(world: World, rng: random.Random) -> str:
    return ""


FAULTS = [Fault(f"fault-{number}", nothing) for number in range(20)]


def test_the_same_seed_gives_the_same_schedule() -> None:
    assert make_schedule(FAULTS, seed=5, seconds=60) == make_schedule(FAULTS, seed=5, seconds=60)
    assert make_schedule(FAULTS, seed=5, seconds=60) != make_schedule(FAULTS, seed=6, seconds=60)


@pytest.mark.parametrize("seconds", [1.0, 30.0, 300.0])
@pytest.mark.parametrize("seed", range(5))
def test_every_class_has_its_turn_however_short_the_run(seed: int, seconds: float) -> None:
    faults = all_faults()
    schedule = make_schedule(faults, seed=seed, seconds=seconds)
    assert {strike.fault.name for strike in schedule} == {fault.name for fault in faults}


@pytest.mark.parametrize("seed", range(5))
def test_faults_that_cost_units_of_one_service_an_attempt_are_apart(seed: int) -> None:
    last: dict[str, float] = {}
    for strike in make_schedule(all_faults(), seed=seed, seconds=200):
        if (service := strike.fault.burdens) is not None:
            assert strike.at - last.get(service, -SPACING) >= SPACING
            last[service] = strike.at


def test_a_long_run_has_calms_in_which_everything_recovers() -> None:
    schedule = make_schedule(FAULTS, seed=1, seconds=200)
    gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(schedule)]
    assert len([gap for gap in gaps if gap > 10]) == len({strike.storm for strike in schedule}) - 1 > 3
