"""`make bench-load`: uploads, polling and long lists, and the memory of the gateway meanwhile."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from scripts.bench_engines.report import Measured, Report, show, show_lines
from scripts.bench_load.machine import describe_machine
from scripts.bench_load.options import Options, parse_options
from scripts.bench_load.reading import measure_listing, measure_polling
from scripts.bench_load.servers import Stand, stand
from scripts.bench_load.uploads import measure_uploads

_WIDTH = 200


def main() -> None:
    """Measure and print; nothing here passes or fails."""
    options = parse_options()
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    machine = describe_machine()
    show_lines(console, (f"{name}: {value}" for name, value in machine.items()))
    found: list[Measured] = []
    with tempfile.TemporaryDirectory(dir=options.work) as folder, stand(Path(folder)) as made:
        for part in options.parts:
            for measured in _MEASURE[part](made, options):
                show(console, measured)
                found.append(measured)
    if options.json:
        options.json.write_text(Report(machine=machine, measured=tuple(found)).model_dump_json(indent=2), "utf-8")


def _uploads(made: Stand, options: Options) -> Iterator[Measured]:
    for uploading in options.uploads:
        yield measure_uploads(made, uploading)


_MEASURE: dict[str, Callable[[Stand, Options], Iterator[Measured]]] = {
    "uploads": _uploads,
    "polling": measure_polling,
    "listing": measure_listing,
}


if __name__ == "__main__":
    main()
