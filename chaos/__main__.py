"""`python -m chaos`: prove, with faults, that nothing is lost and nothing happens twice."""

import argparse
import asyncio
import random
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from chaos.faults import all_faults
from chaos.faults.fault import Fault
from chaos.hansard import new_folder
from chaos.report import Report
from chaos.run import Options, run_chaos
from libs.common.telemetry import configure_logs

_LONGEST_FAULT = 15.0
"""Seconds that a class may take where each has its turn by itself."""

_INTERRUPTED = 130
"""Exit status after Ctrl-C."""

_LONGEST_WAY_OUT = 420.0
"""Seconds that a run may take besides its faults."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 1 if something was violated."""
    parser = _parser()
    given = parser.parse_args(arguments)
    faults = [fault for fault in all_faults() if any(word in fault.name for word in given.faults.split(","))]
    if not faults:
        parser.error(f"no class of faults has {given.faults!r} in its name")
    if given.list:
        sys.stdout.write("".join(f"{fault.name}\n" for fault in faults))
        return 0
    configure_logs("chaos", level="info" if given.verbose else "error", style="console")
    folder = new_folder(given.folder)
    options = _options(given, faults)
    try:
        report = asyncio.run(_bounded(options, folder))
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        return _INTERRUPTED
    except BaseException:
        sys.stderr.write(f"Logs and state: {folder}\nAgain: {options.command}\n")
        raise
    report.show(Console(), kept=folder)
    if report.is_good and not given.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if report.is_good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="repeat a run: its faults, inputs and choices")
    parser.add_argument("--seconds", type=float, default=180.0, help="how long faults go on (%(default)s)")
    parser.add_argument("--meetings", type=int, default=None, help="how many things clients begin meanwhile")
    parser.add_argument(
        "--faults", default="", help="only these classes, separated by commas; a word means all with it"
    )
    parser.add_argument(
        "--apart", action="store_true", help="each class once and by itself, to see the recovery from it"
    )
    parser.add_argument("--previous", action="store_true", help="with workers of the previous release")
    parser.add_argument("--list", action="store_true", help="name all classes of faults")
    parser.add_argument("--folder", type=Path, default=None, help="where to keep logs and state while it runs")
    parser.add_argument("--keep", action="store_true", help="keep logs and state also if nothing failed")
    parser.add_argument("--verbose", action="store_true", help="say what is done as it is done")
    return parser


def _options(given: argparse.Namespace, faults: Sequence[Fault]) -> Options:
    seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    command = f"python -m chaos --seed {seed} --seconds {given.seconds:g}"
    command += f" --meetings {given.meetings}" if given.meetings is not None else ""
    command += f" --faults {given.faults}" if given.faults else ""
    command += " --apart" if given.apart else ""
    command += " --previous" if given.previous else ""
    return Options(
        seed=seed,
        seconds=given.seconds,
        meetings=given.meetings,
        is_apart=given.apart,
        with_previous=given.previous,
        faults=faults,
        command=command,
    )


async def _bounded(options: Options, folder: Path) -> Report:
    lasts = max(options.seconds, _LONGEST_FAULT * len(options.faults))
    async with asyncio.timeout(lasts + _LONGEST_WAY_OUT):
        return await run_chaos(options, folder)


if __name__ == "__main__":
    sys.exit(main())
