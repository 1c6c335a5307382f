"""Uploads to the gateway and to the bare handlers, in turns, because the machine's speed drifts."""

import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.bench_engines.report import Figure, Measured
from scripts.bench_load.latencies import latencies
from scripts.bench_load.memory import watched
from scripts.bench_load.options import Uploading
from scripts.bench_load.servers import ROOT, Stand, Target
from scripts.bench_load.uploader import Load, Sent

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Round:
    """What one target did with all uploads of a round."""

    sent: Sent
    processor: float
    """Seconds of the processors that the server took."""

    growth_mib: float
    """Of the server's memory, above what it was before."""

    size_bytes: int
    """Of all uploads together."""

    @property
    def errors(self) -> int:
        return sum(one.status != 202 for one in self.sent.uploads)


def measure_uploads(stand: Stand, uploading: Uploading) -> Measured:
    """All targets, round by round, every second round in reverse."""
    rounds: dict[str, list[Round]] = {one.name: [] for one in stand.targets}
    for target in stand.targets:
        _round(target, uploading.warm_up)
    for number in range(uploading.rounds):
        for target in stand.targets if number % 2 == 0 else reversed(stand.targets):
            rounds[target.name].append(_round(target, uploading))
    plain = rounds[stand.raw.name]
    return Measured(
        part="uploads",
        title=f"{uploading.clients} at a time, {uploading.size_bytes / _MEBIBYTE:g} MiB each",
        conditions=(
            f"{uploading.rounds} rounds of {uploading.clients * uploading.repeats} uploads; ratios are medians over "
            "the rounds, with the least and the most.",
            "The clients are a process of their own; their share is its processor time by the wall time.",
        ),
        rows=tuple(_row(name, own, plain) for name, own in rounds.items()),
    )


def _round(target: Target, uploading: Uploading) -> Round:
    load = Load(
        port=target.port,
        path=target.path,
        clients=uploading.clients,
        repeats=uploading.repeats,
        size_bytes=uploading.size_bytes,
    )
    used = target.processor_seconds()
    with watched(target.process) as memory:
        command = [sys.executable, "-m", "scripts.bench_load.uploader", load.model_dump_json()]
        sent = Sent.model_validate_json(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    used = target.processor_seconds() - used
    target.empty()
    return Round(sent, used, memory.growth, len(sent.uploads) * uploading.size_bytes)


def _row(name: str, own: Sequence[Round], plain: Sequence[Round]) -> dict[str, Figure]:
    ratios = [ours.sent.wall / theirs.sent.wall for ours, theirs in zip(own, plain, strict=True)]
    work = [
        ours.processor / theirs.processor for ours, theirs in zip(own, plain, strict=True) if theirs.processor > 0
    ]  # the system counts it in hundredths of a second
    uploads = [one for each in own for one in each.sent.uploads]
    return {
        "": name,
        **latencies([one.seconds for one in uploads]),
        "MiB/s": statistics.median(one.size_bytes / _MEBIBYTE / one.sent.wall for one in own),
        "errors": float(sum(one.errors for one in own)) / len(uploads),
        "memory growth MiB": max(one.growth_mib for one in own),
        "ratio": statistics.median(ratios),
        "least": min(ratios),
        "most": max(ratios),
        "processor ratio": statistics.median(work) if work else None,
        "clients' share": statistics.median(one.sent.processor / one.sent.wall for one in own),
    }
