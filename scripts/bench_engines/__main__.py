"""`make bench-engines`: our engines against the plain libraries, and the memory that they need."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine

from rich.console import Console

from scripts.bench_engines.machine import describe_machine
from scripts.bench_engines.options import Options, parse_options
from scripts.bench_engines.report import Measured, Report, show, show_lines

_WIDTH = 120


def main() -> None:
    """Measure and print; nothing here passes or fails."""
    options = parse_options()
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker:UserWarning"  # children end by being killed
    options.work.mkdir(parents=True, exist_ok=True)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    machine = describe_machine(options.device)
    show_lines(console, (f"{name}: {value}" for name, value in machine.items()))
    found: list[Measured] = []
    for part in options.parts:
        for measured in asyncio.run(_MEASURE[part](options)):
            show(console, measured)
            found.append(measured)
    if options.json:
        options.json.write_text(Report(machine=machine, measured=tuple(found)).model_dump_json(indent=2), "utf-8")


async def _transcriber(options: Options) -> list[Measured]:
    from scripts.bench_engines.transcription import measure_transcriber  # noqa: PLC0415

    return await measure_transcriber(options)


async def _diarizer(options: Options) -> list[Measured]:
    # Our engine sets it too: where cores are shared, torch's busy waiting would slow down the plain side alone.
    # Only here: CTranslate2, which reads it as well, takes half as long again with it.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    from scripts.bench_engines.diarization import measure_diarizer  # noqa: PLC0415 - loads torch

    try:
        return await measure_diarizer(options)
    finally:
        del os.environ["OMP_WAIT_POLICY"]


async def _memory(options: Options) -> list[Measured]:
    from scripts.bench_engines.memory import measure_memory  # noqa: PLC0415

    return await measure_memory(options)


async def _throughput(options: Options) -> list[Measured]:
    from scripts.bench_engines.throughput import measure_throughput  # noqa: PLC0415

    return await measure_throughput(options)


_MEASURE: dict[str, Callable[[Options], Coroutine[None, None, list[Measured]]]] = {
    "transcriber": _transcriber,
    "diarizer": _diarizer,
    "memory": _memory,
    "throughput": _throughput,
}


if __name__ == "__main__":
    main()
