"""`make bench`: the overhead of the runtime per hop, and of the whole line per meeting."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli.local.redis_server import RedisServer
from scripts.bench.hop import HopTimes, measure_hops, quiet
from scripts.bench.line import LineTime, measure_line, median_share


def main() -> None:
    """Measure and print; nothing here passes or fails."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("--events", type=int, default=3000, help="events per round of the hop benchmark")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the hop benchmark")
    parser.add_argument("--meetings", type=int, default=3, help="sample meetings through the whole line; 0 for none")
    options = parser.parse_args()
    console = Console()
    console.print(_hop_table(_hops(options.events, options.rounds)))
    if options.meetings:
        times = measure_line(options.meetings)
        console.print(_line_table(times))
        console.print(f"Median share of the wall time in which a stage worked: {median_share(times):.1%}")


def _hops(events: int, rounds: int) -> list[HopTimes]:
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            return asyncio.run(measure_hops(server.url, events=events, rounds=rounds))
        finally:
            server.stop()


def _hop_table(hops: list[HopTimes]) -> Table:
    table = Table(title="One hop of a stage that does nothing, µs of wall time (median; outcomes in memory, logs off)")
    for name in ("at a time", "bare XADD/XREADGROUP/XACK", "Hansard's runtime", "ratio (median of rounds)"):
        table.add_column(name, justify="right")
    for one in hops:
        table.add_row(str(one.at_a_time), f"{one.bare:.0f}", f"{one.runtime:.0f}", f"{one.ratio:.2f}")
    return table


def _line_table(times: list[LineTime]) -> Table:
    table = Table(title="The sample meeting through the whole line, seconds")
    for name in ("wall", "a stage worked", "all stages' work", "share"):
        table.add_column(name, justify="right")
    for one in times:
        table.add_row(f"{one.wall:.2f}", f"{one.working:.2f}", f"{one.worked:.2f}", f"{one.share:.1%}")
    return table


if __name__ == "__main__":
    main()
