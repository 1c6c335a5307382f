"""How the figures are shown."""

import statistics
from collections.abc import Sequence

from rich.table import Table

from scripts.bench.hop import HopTimes
from scripts.bench.line import LineTime
from scripts.bench.loss import PATIENCE, WAIT, Loss
from scripts.bench.recovery import Recovery
from scripts.bench.throughput import Throughput


def hop_table(hops: Sequence[HopTimes]) -> Table:
    """One hop, against a bare loop."""
    table = Table(title="One hop of a stage that does nothing, µs of wall time (median; outcomes in memory, logs off)")
    for name in ("at a time", "bare XADD/XREADGROUP/XACK", "Hansard's runtime", "ratio (median of rounds)"):
        table.add_column(name, justify="right")
    for one in hops:
        table.add_row(str(one.at_a_time), f"{one.bare:.0f}", f"{one.runtime:.0f}", f"{one.ratio:.2f}")
    return table


def line_table(times: Sequence[LineTime]) -> Table:
    """The whole line with its real engines."""
    table = Table(title="The sample meeting through the whole line, seconds")
    for name in ("wall", "a stage worked", "all stages' work", "share"):
        table.add_column(name, justify="right")
    for one in times:
        table.add_row(f"{one.wall:.2f}", f"{one.working:.2f}", f"{one.worked:.2f}", f"{one.share:.1%}")
    return table


def recovery_table(recoveries: Sequence[Recovery]) -> Table:
    """What kills cost."""
    table = Table(title="How much later a unit is done because something was killed under it, seconds")
    table.add_column("what")
    table.add_column("with")
    for name in ("median", "least", "most"):
        table.add_column(name, justify="right")
    for one in recoveries:
        figures = (one.median, min(one.delays), max(one.delays))
        table.add_row(one.name, one.setting, *(f"{max(0.0, figure):.1f}" for figure in figures))
    return table


def throughput_table(rounds: Sequence[Sequence[Throughput]]) -> Table:
    """Meetings per second; all are compared with the first of their round."""
    table = Table(title="Meetings without any work through the line of ten units, four processes each")
    table.add_column("")
    for name in ("meetings/s (median)", "against Hansard (median of rounds)", "executed twice, units per round"):
        table.add_column(name, justify="right")
    for position, first in enumerate(rounds[0]):
        own = [one[position] for one in rounds]
        ratios = [one[position].meetings_per_second / one[0].meetings_per_second for one in rounds]
        twice = statistics.median(one.units_twice for one in own)
        speed = statistics.median(one.meetings_per_second for one in own)
        table.add_row(first.kind, f"{speed:.0f}", f"{statistics.median(ratios):.2f}", f"{twice:.0f}")
    return table


def loss_table(losses: Sequence[Loss]) -> Table:
    """What each kill cost."""
    table = Table(
        title=f"One of four workers killed in the middle, and started again; units of a dead worker are abandoned "
        f"after {PATIENCE:.0f} s everywhere; {WAIT:.0f} s after the kill nothing more is waited for"
    )
    table.add_column("")
    names = ("units in hand", "not done", "last of them after", "meetings not done")
    for name in (*names, "units twice", "joined twice", "results twice"):
        table.add_column(name, justify="right")
    for one in losses:
        recovery = "-" if one.recovery is None else f"{one.recovery:.1f} s"
        counts = (one.meetings_unfinished, one.twice, one.joined_twice, one.results_twice)
        table.add_row(one.kind, str(one.in_hand), str(one.unfinished), recovery, *map(str, counts))
    return table
