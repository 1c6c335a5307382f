"""One run: start, enrol the cast, let faults and clients loose, wait until it is quiet, check, and report."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.clients import Clients
from chaos.evidence import Evidence, is_settled, read_evidence
from chaos.expectations import cast_name
from chaos.faults.fault import Fault, World
from chaos.hansard import Hansard, running_hansard
from chaos.invariants.coverage import check_coverage, check_deeds
from chaos.invariants.processes import check_processes, read_logs
from chaos.invariants.promises import check_promises
from chaos.invariants.publications import check_publications
from chaos.invariants.recovery import check_recovery, slowness, waits, worst_by_fault
from chaos.invariants.units import check_units
from chaos.ledger import Ledger
from chaos.outcomes import count_outcomes
from chaos.polling import until
from chaos.quiet import wait_until_quiet
from chaos.repertoire import POISON, Repertoire
from chaos.report import Report
from chaos.schedule import make_schedule
from chaos.strikes import Missed, Struck, carry_out, write_strikes

_ENROLLED_WITHIN = 60.0
_SLACK = 8.0
"""Seconds that the start of processes may add to a recovery, on a machine with nothing else to do."""

_PER_SECOND = 1.5
"""Things that clients begin."""

_DEATHS_PER_POISON = 12
"""At most: three attempts at two units, again after Redis has forgotten how many there were."""


@dataclass(frozen=True)
class Options:
    """What is asked of a run."""

    seed: int
    seconds: float
    """How long faults go on."""

    meetings: int | None
    """How many things clients begin meanwhile, most of them meetings; otherwise some every second."""

    is_apart: bool
    """Each class once and by itself."""

    with_previous: bool
    """Half of the workers are of the release before."""

    faults: Sequence[Fault]
    command: str


async def run_chaos(options: Options, folder: Path) -> Report:
    """The report; also of a run that never became quiet."""
    report = Report(command=options.command, classes=[fault.name for fault in options.faults])
    rng = random.Random(options.seed)
    async with running_hansard(folder, with_previous=options.with_previous) as hansard:
        clients = Clients(hansard.gateways, Repertoire(), random.Random(rng.random()))
        try:
            await _enrol_cast(clients, hansard)
            struck, missed = await _storm(options, World(hansard, clients))
            report.struck = struck
            write_strikes(struck, folder / "strikes.txt")
            report.violations += check_coverage(options.faults, struck, missed)
            report.violations += await wait_until_quiet(hansard, clients)
            report.violations += check_deeds(clients)
            evidence = await read_evidence(hansard.servers.audit_url)
            report.violations += await check_promises(clients.ledger, evidence, clients.requests)
            report.violations += await check_units(evidence, hansard.store)
            _judge_recovery(report, evidence, clients.ledger, _SLACK * slowness(evidence))
        finally:
            await clients.close()
    lines = read_logs(hansard.logs)
    report.violations += check_processes(hansard.supervisor, lines, killed_by_input=_deaths(report.struck))
    report.violations += check_publications(lines, report.struck)
    report.violations += _check_scratch(hansard)
    report.outcomes = count_outcomes(clients.ledger, evidence, lines)
    return report


async def _enrol_cast(clients: Clients, hansard: Hansard) -> None:
    """Before anything else happens, so that every meeting knows these voices."""
    for voice, upload in enumerate(clients.repertoire.cast()):
        clients.enrol(cast_name(voice), upload)
    await clients.finish()
    if not await until(lambda: is_settled(hansard.servers.audit_url), within=_ENROLLED_WITHIN):
        raise TimeoutError("the cast was not enrolled, although nothing was disturbed")


async def _storm(options: Options, world: World) -> tuple[list[Struck], list[Missed]]:
    schedule = make_schedule(options.faults, seed=options.seed, seconds=options.seconds, is_apart=options.is_apart)
    lasts = schedule[-1].at
    count = round(lasts * _PER_SECOND) if options.meetings is None else options.meetings
    async with asyncio.TaskGroup() as group:
        group.create_task(world.clients.run(lasts, count))
        striking = group.create_task(carry_out(schedule, world))
    return striking.result()


def _judge_recovery(report: Report, evidence: Evidence, ledger: Ledger, slack: float) -> None:
    """Poison is retried, and what was cancelled or deleted ends otherwise: neither recovers."""
    odd = {
        one.id
        for one in ledger.requests
        if one.answers and (one.upload.instruction.fault != "none" or one.was_cancelled or one.was_deleted)
    }
    excluded = {run.id for run in evidence.runs.values() if {run.meeting_id, run.speaker_id} & odd}
    found = waits(evidence, report.struck, excluded=excluded)
    report.recovery = worst_by_fault(found, report.struck)
    report.violations += check_recovery(found, slack=slack)


def _deaths(struck: Sequence[Struck]) -> Mapping[str, int]:
    """How often an input may have killed each service."""
    times = Counter(one.name for one in struck)
    deaths = Counter[str]()
    for poison in POISON:
        if poison.kills:
            deaths[poison.kills] += _DEATHS_PER_POISON * times[f"input-{poison.name}"]
    return deaths


def _check_scratch(hansard: Hansard) -> list[str]:
    """After the orderly end of all programs."""
    left = sorted(path.name for path in hansard.scratch.iterdir())
    return [f"left in the temporary folder: {', '.join(left[:10])}"] if left else []
