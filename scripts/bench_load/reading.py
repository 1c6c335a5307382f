"""Requests that read: polling, and pages of a long list."""

import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg

from scripts.bench_engines.report import Figure, Measured
from scripts.bench_load.latencies import latencies
from scripts.bench_load.meetings import Meeting, fill_list, meetings_at
from scripts.bench_load.memory import watched
from scripts.bench_load.options import Options
from scripts.bench_load.requester import Asking, Heard
from scripts.bench_load.servers import ROOT, Stand
from services.gateway.database import load_queries

_POLLED = 200
_PAUSE = 0.5
"""Seconds after which a program that follows a meeting asks again."""

_PLACES = 50
"""Pages of each kind that are asked for."""

_REPEATS = 20
_CONDITION = "The clients are a process of their own; their share is its processor time by the wall time."


@dataclass(frozen=True)
class _Kind:
    """One kind of request."""

    name: str
    paths: tuple[str, ...]
    clients: int
    pause: float = 0.0


def measure_polling(stand: Stand, options: Options) -> Iterator[Measured]:
    """Clients that ask for the status of meetings: as programs do, and as fast as they can."""
    fill_list(stand.postgres_url, options.meetings)
    meetings = meetings_at(stand.postgres_url, [number / _POLLED for number in range(_POLLED)])
    paths = tuple(f"/api/meetings/{one.id}/status" for one in meetings)
    kinds = [
        _Kind(f"{options.pollers} clients, each after {_PAUSE} s", paths, options.pollers, _PAUSE),
        _Kind(f"{options.pollers} clients, at once again", paths, options.pollers),
    ]
    yield _measured("polling", "The status of meetings", kinds, stand, options)


def measure_listing(stand: Stand, options: Options) -> Iterator[Measured]:
    """Pages of the list, and what Postgres takes for each."""
    fill_list(stand.postgres_url, options.meetings)
    places = meetings_at(stand.postgres_url, [number / _PLACES for number in range(_PLACES)])
    last = meetings_at(stand.postgres_url, [0.9999])[0]
    kinds = [
        _Kind("first page of 20", ("/api/meetings",), 1),
        _Kind("first page of 100", ("/api/meetings?limit=100",), 1),
        _Kind("any page of 20, by cursor", tuple(f"/api/meetings?cursor={one.cursor}" for one in places), 1),
        _Kind("last page, by cursor", (f"/api/meetings?cursor={last.cursor}",), 1),
        _Kind("any page of 20, 10 clients", tuple(f"/api/meetings?cursor={one.cursor}" for one in places), 10),
        _Kind("status of one meeting", tuple(f"/api/meetings/{one.id}/status" for one in places), 1),
    ]
    yield _measured("listing", f"{options.meetings} meetings in the list", kinds, stand, options)
    yield _in_postgres(stand, places)


def _measured(part: str, title: str, kinds: Sequence[_Kind], stand: Stand, options: Options) -> Measured:
    rows = tuple(_row(kind, stand, options.seconds) for kind in kinds)
    return Measured(part=part, title=title, conditions=(f"{options.seconds:g} s of each.", _CONDITION), rows=rows)


def _row(kind: _Kind, stand: Stand, seconds: float) -> dict[str, Figure]:
    asking = Asking(port=stand.gateway.port, paths=kind.paths, clients=kind.clients, seconds=seconds, pause=kind.pause)
    used = stand.gateway.processor_seconds()
    with watched(stand.gateway.process) as memory:
        command = [sys.executable, "-m", "scripts.bench_load.requester", asking.model_dump_json()]
        heard = Heard.model_validate_json(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    used = stand.gateway.processor_seconds() - used
    return {
        "": kind.name,
        **latencies(heard.seconds),
        "requests/s": len(heard.seconds) / seconds,
        "errors": heard.errors / max(1, len(heard.seconds)),
        "memory growth MiB": memory.growth,
        "processor ms each": 1000 * used / max(1, len(heard.seconds)),
        "clients' share": heard.processor / seconds,
    }


def _in_postgres(stand: Stand, places: Sequence[Meeting]) -> Measured:
    queries, middle = load_queries("meetings"), places[len(places) // 2]
    asked: dict[str, tuple[str, tuple[object, ...]]] = {
        "first page": ("list_meetings", ("default", None, None, 21)),
        "page in the middle": ("list_meetings", ("default", middle.created_at, middle.id, 21)),
        "last page": ("list_meetings", ("default", places[-1].created_at, places[-1].id, 21)),
        "status: the run": ("find_run", ("default", middle.id, None)),
        "status: its facts": ("run_facts", (middle.run_id,)),
    }
    with psycopg.connect(stand.postgres_url, autocommit=True) as connection:
        rows = tuple(
            {"": name, "median ms": _explained(connection, queries[query], values)}
            for name, (query, values) in asked.items()
        )
    condition = f"Planning and execution as EXPLAIN ANALYZE says, of {_REPEATS}."
    return Measured(part="listing", title="The time of Postgres alone", conditions=(condition,), rows=rows)


def _explained(connection: psycopg.Connection, sql: str, values: Sequence[object]) -> float:
    times = []
    with psycopg.RawCursor(connection) as cursor:
        for _ in range(_REPEATS):
            row = cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}".encode(), values).fetchone()
            assert row is not None
            times.append(float(row[0][0]["Planning Time"] + row[0][0]["Execution Time"]))
    return statistics.median(times)
