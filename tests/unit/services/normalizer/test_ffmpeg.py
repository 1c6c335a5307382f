import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from libs.common.errors import EngineCrashed, InvalidSettings
from services.normalizer.ffmpeg import Ffmpeg, find_ffmpeg, run_ffmpeg
from services.normalizer.ffmpeg_log import FfmpegLog

ENDLESS = ["-hide_banner", "-progress", "pipe:1", "-f", "lavfi", "-re", "-i", "sine", "-f", "null", "-"]
"""Never ends by itself; reports its progress twice a second."""


def _children(program: str) -> set[int]:
    """Processes of this test that run `program`."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and (entry / "exe").resolve() == Path(program).resolve():
                found.add(int(entry.name))
        except OSError:
            continue
    return found


async def _start(ffmpeg: Ffmpeg) -> tuple[asyncio.Task[int], int]:
    """An endless run and its process id, once it has begun."""
    is_running = asyncio.Event()
    run = asyncio.create_task(
        run_ffmpeg(ffmpeg, ENDLESS, source=Path(os.devnull), log=FfmpegLog(), on_time=lambda _: is_running.set())
    )
    await asyncio.wait_for(is_running.wait(), 20)
    (pid,) = _children(ffmpeg.program)
    return run, pid


async def test_cancelling_kills_it(ffmpeg: Ffmpeg) -> None:
    run, _ = await _start(ffmpeg)

    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert _children(ffmpeg.program) == set()


async def test_a_crash_is_the_engine_s_and_not_the_recording_s(ffmpeg: Ffmpeg) -> None:
    run, pid = await _start(ffmpeg)

    os.kill(pid, signal.SIGKILL)

    with pytest.raises(EngineCrashed):
        await run


PARENT = """
import asyncio, sys
from pathlib import Path
from services.normalizer.ffmpeg import find_ffmpeg, run_ffmpeg
from services.normalizer.ffmpeg_log import FfmpegLog
ffmpeg = find_ffmpeg(Path(sys.argv[1]))
asyncio.run(run_ffmpeg(ffmpeg, sys.argv[2:], source=Path("/dev/null"), log=FfmpegLog(),
                       on_time=lambda _: print("running", flush=True)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_it_dies_with_its_parent(ffmpeg: Ffmpeg) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, ffmpeg.program, *ENDLESS],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path.cwd())},
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"running\n"
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    assert len(children) == 1
    watch = os.pidfd_open(int(children[0]))

    parent.kill()
    parent.wait()

    ended, _, _ = select.select([watch], [], [], 10)
    assert ended, "ffmpeg outlived its parent"
    os.close(watch)
    parent.stdout.close()


def test_a_program_that_is_not_there_refuses_to_start() -> None:
    with pytest.raises(InvalidSettings, match="FFMPEG_PATH"):
        find_ffmpeg(Path("/nowhere/ffmpeg"))


def test_without_a_path_some_ffmpeg_is_found() -> None:
    assert find_ffmpeg(None).version
