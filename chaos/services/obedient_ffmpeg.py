#!/usr/bin/env -S python3 -IS
"""Stands for ffmpeg: does what the header of the recording says, and then becomes the real one."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from chaos.inscription import read_inscription
from chaos.misbehaviour import misbehave

_HEADER_BYTES = 512


def main() -> None:
    """Ends as ffmpeg, or not at all."""
    instruction = read_inscription(os.pread(sys.stdin.fileno(), _HEADER_BYTES, 0))
    if instruction is not None:
        misbehave(instruction, "normalize", marks=Path(os.environ["CHAOS_MARKS"]), memory_bytes=0)
    program = os.environ["CHAOS_FFMPEG"]
    os.execv(program, [program, *sys.argv[1:]])  # noqa: S606 - this process is to become it


if __name__ == "__main__":
    main()
