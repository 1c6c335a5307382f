"""The debugger at a replayed handler, and where it failed."""

import bdb
import dis
import pdb
import sys
import traceback
from collections.abc import Callable
from types import CodeType, FunctionType


class DebuggerLeft(Exception):
    """The person at the terminal has seen enough."""


def stop_at(handler: Callable[..., object]) -> None:
    """Stop at the first line of a handler once it is called."""
    assert isinstance(handler, FunctionType)
    debugger = pdb.Pdb()
    debugger.rcLines += [f"tbreak {handler.__code__.co_filename}:{_first_line(handler.__code__)}", "continue"]
    debugger.set_trace()


def show_failure(error: Exception, *, debug: bool) -> None:
    """The full traceback and, if wished, the debugger where it happened.

    Raises:
        DebuggerLeft: It was left while the handler ran.
    """
    if isinstance(error, bdb.BdbQuit):
        raise DebuggerLeft from error
    traceback.print_exception(error)
    if debug:
        sys.stderr.write("The debugger is where it failed; `q` leaves it.\n")
        pdb.post_mortem(error.__traceback__)


def _first_line(code: CodeType) -> int:
    lines = [line for _, line in dis.findlinestarts(code) if line is not None and line > code.co_firstlineno]
    return min(lines, default=code.co_firstlineno)
