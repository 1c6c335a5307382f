"""`make mutations`: remove each guard in turn, in copies of the tree, and see that its tests fail."""

import argparse
import queue
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.mutations.document import PAGE, written
from scripts.mutations.mutation import ROOT, Misfit, Mutation, load_areas, load_mutations
from scripts.mutations.trial import Verdict, copy_tree, fails_unchanged, try_mutation

_STYLES = {"killed": "green", "survived": "bold red", "broken": "bold yellow"}


def main() -> int:
    """The exit status: 1 if the tests of a guard pass without it, 2 if nothing could be tried."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutations", description=__doc__)
    parser.add_argument("--list", action="store_true", help="only show the guards and their tests")
    parser.add_argument("--document", action="store_true", help="only write docs/guarantees.md")
    parser.add_argument("--only", metavar="NAME", action="append", help="only those whose name has this in it")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="how many to try at the same time")
    options = parser.parse_args()
    console = Console()
    try:
        mutations = [one for one in load_mutations() if _is_wanted(one, options.only)]
        for one in mutations:
            one.check(ROOT)
    except Misfit as error:
        console.print(f"[bold red]{escape(str(error))}")
        return 2
    if options.document:
        PAGE.write_text(written(PAGE.read_text("utf-8"), load_areas()), "utf-8")
        return 0
    if options.list:
        console.print(_listing(mutations))
        return 0
    with tempfile.TemporaryDirectory(prefix="hansard-mutations-") as folder:
        return _try_all(console, mutations, Path(folder), jobs=min(options.jobs, len(mutations)))


def _is_wanted(mutation: Mutation, names: Sequence[str] | None) -> bool:
    return names is None or any(name in mutation.name for name in names)


def _try_all(console: Console, mutations: Sequence[Mutation], folder: Path, *, jobs: int) -> int:
    trees = [copy_tree(folder / str(number)) for number in range(jobs)]
    tests = [test for one in mutations for test in one.tests]
    console.print(f"{len(mutations)} guards, {len(set(tests))} tests; first all tests with every guard in place …")
    if failures := fails_unchanged(trees[0], tests):
        console.print(escape(failures), "[bold red]A test that fails already proves nothing.", sep="\n")
        return 2
    verdicts = []
    for verdict in _verdicts(mutations, trees):
        console.print(f"[{_STYLES[verdict.state]}]{verdict.state:8}[/] {verdict.mutation.name}", highlight=False)
        verdicts.append(verdict)
    console.print(_table(verdicts))
    bad = [one for one in verdicts if one.state != "killed"]
    for one in bad:
        console.print(f"[bold]{one.mutation.name}[/] {one.state}", escape(one.detail), sep="\n", highlight=False)
    console.print(f"{len(verdicts) - len(bad)} of {len(verdicts)} killed")
    return 1 if bad else 0


def _verdicts(mutations: Sequence[Mutation], trees: Sequence[Path]) -> Iterator[Verdict]:
    """In the order of the mutations; each tree is one trial's at a time."""
    free: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for tree in trees:
        free.put(tree)

    def attempt(mutation: Mutation) -> Verdict:
        tree = free.get()
        try:
            return try_mutation(tree, mutation)
        finally:
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        yield from pool.map(attempt, mutations)


def _listing(mutations: Sequence[Mutation]) -> Table:
    table = Table("guard", "guarantee", "tests")
    for one in mutations:
        table.add_row(one.name, one.guarantee, "\n".join(one.tests))
    return table


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table("guard removed", "guarantee", "its tests", "s")
    for one in verdicts:
        state = f"[{_STYLES[one.state]}]{one.state}"
        table.add_row(one.mutation.name, one.mutation.guarantee, state, f"{one.seconds:.0f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
