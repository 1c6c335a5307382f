"""What a run measures, and with what."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scripts.bench_engines.recording import ROOT
from scripts.bench_engines.whisper_model import SHAPES

PARTS = ("transcriber", "diarizer", "memory", "throughput")

_WORK = ROOT / ".venv/bench-engines"
_THREADS = 2


@dataclass(frozen=True)
class Options:
    """From the command line."""

    parts: tuple[str, ...]
    work: Path
    device: Literal["cpu", "cuda"]
    threads: int
    rounds: int
    seconds: float | None
    minutes: tuple[float, ...]
    hours: float
    batch_sizes: tuple[int, ...]
    whisper: str | None
    pipeline: Path | None
    json: Path | None

    @property
    def whisper_shape(self) -> str | None:
        """The shape that gets random weights; `None` for a folder with a real model."""
        chosen = self.whisper or ("large-v3" if self.device == "cuda" else "small")
        return chosen if chosen in SHAPES else None

    def audio_seconds(self, usual: float) -> float:
        """Length of the recording that a part works on."""
        return self.seconds or usual


def parse_options(arguments: list[str] | None = None) -> Options:
    """Read the command line; wrong usage ends the program."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench_engines", description="Speed and memory of the engines; nothing passes or fails."
    )
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"what to measure, of {', '.join(PARTS)}; default: all but throughput"
    )
    parser.add_argument("--work", type=Path, default=_WORK, help="folder for models and recordings that are made once")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=_at_least_one, default=_THREADS, help="of both sides, on the CPU")
    parser.add_argument("--rounds", type=_at_least_one, default=3, help="rounds in which all sides take turns")
    parser.add_argument("--seconds", type=float, help="length of the recording; each part has a default of its own")
    parser.add_argument(
        "--minutes", type=float, nargs="+", default=[1, 5, 10, 20, 30], help="recordings of the diarizer's memory"
    )
    parser.add_argument("--hours", type=float, default=3.0, help="recording of the transcriber's memory")
    parser.add_argument(
        "--batch-sizes", type=_at_least_one, nargs="+", default=[1, 8, 16], help="of the throughput, for both engines"
    )
    parser.add_argument(
        "--whisper", help="shape with random weights (tiny, small, large-v3), or a folder with a real model"
    )
    parser.add_argument("--pipeline", type=Path, help="folder with a real pyannote pipeline, instead of random weights")
    parser.add_argument("--json", type=Path, help="file to write everything into, as JSON")
    found = parser.parse_args(arguments)
    if unknown := set(found.parts) - set(PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return Options(
        parts=tuple(found.parts) or tuple(part for part in PARTS if part != "throughput"),
        work=found.work.resolve(),
        device=found.device,
        threads=found.threads,
        rounds=found.rounds,
        seconds=found.seconds,
        minutes=tuple(found.minutes),
        hours=found.hours,
        batch_sizes=tuple(found.batch_sizes),
        whisper=found.whisper,
        pipeline=found.pipeline,
        json=found.json,
    )


def _at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number
