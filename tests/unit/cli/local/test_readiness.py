"""For which programs a start waits, and what it says meanwhile."""

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.local.readiness import listening_address, until_ready

_PROGRAM = textwrap.dedent("""
    import http.server, pathlib, sys

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if pathlib.Path(sys.argv[1]).exists() else 503)
            self.end_headers()

        def log_message(self, *_args):
            pass

    http.server.HTTPServer(("127.0.0.1", 0), Pages).serve_forever()
""")


@contextmanager
def program(ready: Path) -> Iterator[int]:
    """The process of something that takes any port, and is ready once that file exists."""
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(ready)])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


async def test_it_waits_for_all_and_says_for_whom(tmp_path: Path) -> None:
    quick, slow = tmp_path / "quick", tmp_path / "slow"
    told: asyncio.Queue[str] = asyncio.Queue()
    quick.touch()
    with program(quick) as first, program(slow) as second:
        pids = {"quick": first, "slow": second, "absent": None}
        waiting = asyncio.create_task(until_ready(list(pids), lambda name: pids[name], told.put_nowait))
        async with asyncio.timeout(20):
            while not (await told.get()).endswith(": slow, absent …"):
                pass
            pids["absent"] = first
            assert (await told.get()).endswith(": slow …")
            assert not waiting.done()
            slow.touch()
            await waiting


def test_a_process_that_does_not_listen_has_no_address() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert listening_address(process.pid) is None
        process.communicate(b"\n")
    assert listening_address(process.pid) is None
