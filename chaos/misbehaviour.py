"""What an engine does when a recording tells it to: everything that can go wrong in a process of its own.

Only the standard library and the errors are needed, so that it also works in a program that stands for ffmpeg.
"""

import ctypes
import mmap
import os
import signal
import time
from pathlib import Path

from chaos.instruction import Instruction, Place
from libs.common.errors import EngineUnavailable

_PIECE_BYTES = 32 * 2**20


def misbehave(instruction: Instruction, place: Place, *, marks: Path, memory_bytes: int) -> None:
    """Suffer the fault of the instruction if this is its place; comes back only from those that leave it alive.

    Args:
        instruction: What the recording says.
        place: Where we are.
        marks: A folder that remembers which faults have struck that strike once.
        memory_bytes: What a process that exhausts its memory takes at most.

    Raises:
        EngineUnavailable: That is the fault.
    """
    if instruction.place != place or instruction.fault in {"none", "slow"}:
        return
    fault = instruction.fault.removesuffix("_once")
    if fault != instruction.fault and not _is_first(instruction, marks):
        return
    _strike(fault, memory_bytes)


def _strike(fault: str, memory_bytes: int) -> None:
    match fault:
        case "error":
            raise EngineUnavailable("the recording says that the engine does not answer")
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            ctypes.string_at(0)
        case "hang":
            signal.pause()
        case "exhaust":
            _exhaust(memory_bytes)
        case "kill_worker":
            _kill_worker()


def _is_first(instruction: Instruction, marks: Path) -> bool:
    try:
        (marks / f"{instruction.code}.struck").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _exhaust(memory_bytes: int) -> None:
    pieces = []
    for _ in range(memory_bytes // _PIECE_BYTES):
        piece = mmap.mmap(-1, _PIECE_BYTES)
        for page in range(0, _PIECE_BYTES, mmap.PAGESIZE):
            piece[page] = 1  # only a page that is written to counts
        pieces.append(piece)
        time.sleep(0.01)
    signal.pause()


def _kill_worker() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    signal.pause()  # this process dies with its parent
