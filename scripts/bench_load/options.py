"""What a run measures, and how much of it."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

PARTS = ("uploads", "polling", "listing")

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Uploading:
    """One kind of load."""

    clients: int
    """At the same time."""

    repeats: int
    """Uploads of each client, one after the other."""

    size_bytes: int
    rounds: int

    @property
    def warm_up(self) -> "Uploading":
        """What each server does once without a clock."""
        return replace(self, repeats=1, size_bytes=min(self.size_bytes, 10 * _MEBIBYTE))


@dataclass(frozen=True)
class Options:
    """From the command line."""

    parts: tuple[str, ...]
    clients: tuple[int, ...]
    size_mib: float
    large_mib: float
    rounds: int
    large_rounds: int
    pollers: int
    seconds: float
    meetings: int
    work: Path | None
    json: Path | None

    @property
    def uploads(self) -> tuple[Uploading, ...]:
        """So many at a time; a single client sends more, so that there is something to take a median of."""
        usual = tuple(
            Uploading(one, max(1, 10 // one), round(self.size_mib * _MEBIBYTE), self.rounds) for one in self.clients
        )
        large = (Uploading(1, 1, round(self.large_mib * _MEBIBYTE), self.large_rounds),) if self.large_mib else ()
        return usual + large


def parse_options(arguments: list[str] | None = None) -> Options:
    """Read the command line; wrong usage ends the program."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench_load", description="The gateway under load; nothing passes or fails."
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 10, 100], help="uploads at a time")
    parser.add_argument("--size-mib", type=float, default=10, help="size of these uploads")
    parser.add_argument("--large-mib", type=float, default=2048, help="size of one large upload; 0 for none")
    parser.add_argument("--rounds", type=int, default=7, help="rounds in which all servers take turns")
    parser.add_argument("--large-rounds", type=int, default=3, help="the same for the large upload")
    parser.add_argument("--pollers", type=int, default=100, help="clients that ask for the status of meetings")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each kind of request is asked")
    parser.add_argument("--meetings", type=int, default=100_000, help="in the list")
    parser.add_argument("--work", type=Path, help="folder for everything, on the disk to measure; default: temporary")
    parser.add_argument("--json", type=Path, help="file to write everything into, as JSON")
    found = parser.parse_args(arguments)
    if unknown := set(found.parts) - set(PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    values = {**vars(found), "parts": tuple(found.parts) or PARTS, "clients": tuple(found.clients)}
    return Options(**values)
