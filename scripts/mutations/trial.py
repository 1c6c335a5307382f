"""Copies of the tree, in each of which one guard at a time is removed and tested."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scripts.mutations.mutation import ROOT, Mutation

_WITHIN = 300.0
"""Seconds; a test that hangs has failed."""

_LAST_SECONDS = 30.0


@dataclass(frozen=True)
class Verdict:
    """What became of a mutation."""

    mutation: Mutation
    state: Literal["killed", "survived", "broken"]
    """`broken`: the tests did not run, which proves nothing."""

    seconds: float
    detail: str = ""


@dataclass(frozen=True)
class _Tested:
    """How pytest ended, and what it says."""

    status: int
    output: str

    def has_failed(self, test: str) -> bool:
        lines = [line.partition(" - ")[0] for line in self.output.splitlines()]
        marks = (f"FAILED {test}", f"ERROR {test}")
        return any(line in marks or line.startswith(tuple(f"{mark}[" for mark in marks)) for line in lines)


def copy_tree(target: Path) -> Path:
    """The files that git knows or would add, as they are now."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listing.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def fails_unchanged(tree: Path, tests: Sequence[str]) -> str:
    """What pytest says if a test fails although nothing was removed; else nothing."""
    tested = _run(tree, sorted(set(tests)), within=_WITHIN * 4)
    return "" if tested.status == 0 else tested.output


def try_mutation(tree: Path, mutation: Mutation) -> Verdict:
    """Remove a guard, run its tests, and put it back.

    Raises:
        Misfit: The mutation is not about this tree.
    """
    path, began = tree / mutation.file, time.monotonic()
    unchanged = path.read_bytes()
    mutation.apply(tree)
    try:
        tested = _run(tree, mutation.tests, within=_WITHIN)
    finally:
        path.write_bytes(unchanged)
    return _judge(mutation, tested, time.monotonic() - began)


def _judge(mutation: Mutation, tested: _Tested, seconds: float) -> Verdict:
    if tested.status == -signal.SIGINT:
        return Verdict(mutation, "killed", seconds, "hung")
    if tested.status not in {0, 1}:
        return Verdict(mutation, "broken", seconds, tested.output)
    survivors = [test for test in mutation.tests if not tested.has_failed(test)]
    if survivors:
        return Verdict(mutation, "survived", seconds, "\n".join(f"passes: {one}" for one in survivors))
    return Verdict(mutation, "killed", seconds)


def _run(tree: Path, tests: Sequence[str], *, within: float) -> _Tested:
    command = [sys.executable, "-m", "pytest", "-rfE", "--tb=no", "--color=no", "-p", "no:cacheprovider", *tests]
    # Bytecode is trusted by time and size, and a mutation may change neither.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "1000"}
    process = subprocess.Popen(
        command, cwd=tree, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        output, _ = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        output = _interrupt(process)
        return _Tested(-signal.SIGINT, output)
    return _Tested(process.returncode, output)


def _interrupt(process: subprocess.Popen[str]) -> str:
    """End pytest such that it still stops the servers it started, if it can."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=_LAST_SECONDS)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0]
