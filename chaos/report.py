"""What a run prints: faults, outcomes, and on failure what failed and how to see it again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chaos.strikes import Struck

_SHOWN_VIOLATIONS = 60


@dataclass
class Report:
    """Everything that a run found out."""

    command: str
    """Repeats the run."""

    classes: Sequence[str]
    struck: Sequence[Struck] = ()
    recovery: Mapping[str, float] = field(default_factory=dict)
    """Fault → the longest wait past it, seconds."""

    outcomes: Mapping[str, object] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.violations

    def show(self, console: Console, *, kept: Path) -> None:
        """Print it. `kept`: where logs and state are, if something failed."""
        console.print(self._faults())
        console.print(self._outcomes())
        if self.is_good:
            console.print(f"[green]Everything holds.[/] Again: {self.command}", highlight=False, soft_wrap=True)
            return
        console.print(f"[red]{len(self.violations)} violations[/]")
        for one in self.violations[:_SHOWN_VIOLATIONS]:
            console.print(f"  {one}", highlight=False, markup=False, soft_wrap=True)
        console.print(f"Logs and state: {kept}\nAgain: {self.command}", highlight=False, soft_wrap=True)

    def _faults(self) -> Table:
        table = Table("fault", "times", "worst recovery, s", title="Faults")
        times = Counter(one.name for one in self.struck)
        for name in self.classes:
            worst = f"{self.recovery[name]:.1f}" if name in self.recovery else ""
            table.add_row(name, str(times[name]), worst)
        table.add_section()
        table.add_row("all", str(sum(times.values())), f"{max(self.recovery.values(), default=0.0):.1f}")
        return table

    def _outcomes(self) -> Table:
        table = Table("outcome", "", title="Outcomes")
        for name, value in self.outcomes.items():
            table.add_row(name, str(value))
        return table
