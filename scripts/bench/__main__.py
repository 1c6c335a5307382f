"""`make bench`: overhead, recovery, and throughput and losses next to celery and dramatiq."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from redis import Redis
from rich.console import Console

from cli.local.redis_server import RedisServer
from scripts.bench.fleets import ROOT, Kind, kinds
from scripts.bench.hop import HopTimes, measure_hops, quiet
from scripts.bench.line import measure_line, median_share
from scripts.bench.loss import Loss, measure_loss
from scripts.bench.recovery import measure_recovery
from scripts.bench.tables import hop_table, line_table, loss_table, recovery_table, throughput_table
from scripts.bench.throughput import Throughput, measure_throughput

PARTS = ("hop", "line", "throughput", "loss", "recovery")

R = TypeVar("R")

_WIDTH = 120
_MEETINGS = 200
"""Of a round of throughput."""


def main() -> None:
    """Measure and print; nothing here passes or fails."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"what to measure, of {', '.join(PARTS)}; default: all"
    )
    parser.add_argument("--events", type=int, default=3000, help="events per round of hop")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of hop")
    parser.add_argument("--repeats", type=int, default=3, help="rounds of throughput")
    parser.add_argument("--meetings", type=int, default=3, help="sample meetings of line")
    parser.add_argument("--kills", type=int, default=2, help="kills per kind of loss")
    parser.add_argument(
        "--default-sweeps",
        action="store_true",
        help="let celery and dramatiq look for lost units as seldom as they do by default",
    )
    parser.add_argument("--peers", type=Path, default=ROOT / ".venv/peers", help="environment with celery and dramatiq")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    for part in options.parts or PARTS:
        _MEASURE[part](options, Console(width=None if sys.stdout.isatty() else _WIDTH))


def _hop(options: argparse.Namespace, console: Console) -> None:
    quiet()
    with _redis() as url:
        hops: list[HopTimes] = asyncio.run(measure_hops(url, events=options.events, rounds=options.rounds))
    console.print(hop_table(hops))


def _line(options: argparse.Namespace, console: Console) -> None:
    times = measure_line(options.meetings)
    console.print(line_table(times))
    console.print(f"Median share of the wall time in which a stage worked: {median_share(times):.1%}")


def _throughput(options: argparse.Namespace, console: Console) -> None:
    found = _kinds(options.peers, console)
    rounds: list[list[Throughput]] = [
        _each(found, lambda kind, folder, url: measure_throughput(kind, folder, redis_url=url, meetings=_MEETINGS))
        for _ in range(options.repeats)
    ]
    console.print(throughput_table(rounds))


def _loss(options: argparse.Namespace, console: Console) -> None:
    found = [kind for kind in _kinds(options.peers, console) if not kind.is_variant]
    losses: list[Loss] = []
    for _ in range(options.kills):
        losses += _each(found, partial(_lose, options.default_sweeps))
    console.print(loss_table(sorted(losses, key=lambda one: one.kind)))


def _lose(has_default_sweeps: bool, kind: Kind, folder: Path, url: str) -> Loss:
    return measure_loss(kind, folder, redis_url=url, has_default_sweeps=has_default_sweeps)


def _recovery(options: argparse.Namespace, console: Console) -> None:
    with tempfile.TemporaryDirectory() as folder:
        console.print(recovery_table(asyncio.run(measure_recovery(Path(folder)))))


_MEASURE: dict[str, Callable[[argparse.Namespace, Console], None]] = {
    "hop": _hop,
    "line": _line,
    "throughput": _throughput,
    "loss": _loss,
    "recovery": _recovery,
}


def _kinds(peers: Path, console: Console) -> list[Kind]:
    python = peers / "bin" / "python"
    if not python.exists():
        console.print(f"Without celery and dramatiq: there is no {python}.")
        return [kind for kind in kinds(python) if kind.name.startswith("Hansard")]
    return kinds(python)


def _each(found: Sequence[Kind], measure: Callable[[Kind, Path, str], R]) -> list[R]:
    """One after the other on the same empty Redis, because the machine's speed drifts."""
    measured = []
    with _redis() as url, tempfile.TemporaryDirectory() as folder:
        for kind in found:
            with Redis.from_url(url) as redis:
                redis.flushall()
            (own := Path(folder) / kind.name).mkdir()
            measured.append(measure(kind, own, url))
    return measured


@contextmanager
def _redis() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


if __name__ == "__main__":
    main()
