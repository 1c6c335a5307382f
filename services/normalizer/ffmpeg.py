"""Runs ffmpeg on one file. The file is its standard input, and there is no protocol by which it could open another."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from libs.common.errors import EngineCrashed, InvalidSettings, StorageUnavailable
from services.normalizer.ffmpeg_log import FfmpegLog

_LINE_BYTES = 4096

# The child dies with its parent. A launcher instead of `preexec_fn`, which may deadlock where threads run, and instead
# of `setpriv`, which not every image has; comparing the parent's id closes the gap before the call takes effect.
_LAUNCHER = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True)
class Ffmpeg:
    """An ffmpeg that was found, and how it can be given a file without being given the file system."""

    program: str
    version: str
    has_fd: bool
    """Whether it has the seekable `fd:` protocol (6.1 and newer)."""

    @property
    def url(self) -> str:
        """Under this name ffmpeg finds its standard input."""
        return "fd:" if self.has_fd else "cache:pipe:0"

    @property
    def input_options(self) -> dict[str, str | int]:
        """Options that leave ffmpeg its standard input and nothing else.

        Older versions cannot seek in it: there the `cache:` protocol keeps a copy in a temporary file without a name.
        """
        if self.has_fd:
            return {"protocol_whitelist": "fd"}
        return {"protocol_whitelist": "cache,pipe", "read_ahead_limit": -1}


def find_ffmpeg(path: Path | None) -> Ffmpeg:
    """The ffmpeg at `path`, else the one on the PATH, else the one that comes as a wheel.

    Raises:
        InvalidSettings: There is none, or it does not run.
    """
    try:
        program = shutil.which(path) if path else shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()
        if program is None:
            raise InvalidSettings(f"FFMPEG_PATH is {path}: there is no such program; set it to one, or unset it")
        version = _ask(program, "-version").split()[2]
        return Ffmpeg(program=str(program), version=version, has_fd="fd" in _ask(program, "-protocols").split())
    except (OSError, RuntimeError, IndexError, subprocess.SubprocessError) as error:
        raise InvalidSettings(f"no ffmpeg runs here: {error}; install it or set FFMPEG_PATH") from error


async def run_ffmpeg(
    ffmpeg: Ffmpeg,
    arguments: Sequence[str],
    *,
    source: Path,
    log: FfmpegLog,
    on_time: Callable[[float], None],
) -> int:
    """Run ffmpeg with `source` as its standard input and return its exit status; a cancelled caller kills it.

    Args:
        ffmpeg: Which one.
        arguments: All arguments; `-progress` must name `pipe:1`.
        source: The file it reads.
        log: Takes in what it says.
        on_time: Called with the seconds of sound written so far.

    Raises:
        EngineCrashed: A signal ended it.
        StorageUnavailable: The worker's disk is full.
    """
    launch = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), ffmpeg.program]
    with source.open("rb") as opened:
        process = await asyncio.create_subprocess_exec(
            *launch, *arguments, stdin=opened, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        await asyncio.gather(_follow(process.stderr, log.read), _follow(process.stdout, _time_reader(on_time)))
        status = await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if status < 0:
        raise EngineCrashed(f"ffmpeg was ended by signal {-status}")
    if log.is_disk_full:
        raise StorageUnavailable("the disk of this worker is full")
    return status


async def _follow(stream: asyncio.StreamReader, on_line: Callable[[str], None]) -> None:
    async for line in _lines(stream):
        on_line(line)


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Lines of any length, each cut to a few kilobytes: their text comes from the file."""
    rest = b""
    while data := await stream.read(65_536):
        *lines, rest = (rest + data).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            yield line[:_LINE_BYTES].decode(errors="replace")
        rest = rest[:_LINE_BYTES]
    if rest:
        yield rest.decode(errors="replace")


def _time_reader(on_time: Callable[[float], None]) -> Callable[[str], None]:
    def read(line: str) -> None:
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.strip().isdigit():
            on_time(int(value) / 1e6)

    return read


def _ask(program: str, question: str) -> str:
    answer = subprocess.run([program, "-hide_banner", question], capture_output=True, check=True, timeout=30)
    return answer.stdout.decode(errors="replace")
