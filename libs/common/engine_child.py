"""What runs in an engine's child process: it answers one call after another.

A request is the pickle of what the log says with every line about it, and of a callable that takes the engine; an
answer is a length and the pickle of whether the call succeeded, and its result or its error.
"""

import ctypes
import functools
import os
import pickle
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, ClassVar

import structlog

from libs.common import progress
from libs.common.errors import InternalError, PipelineError
from libs.common.failures import ShownTrace, shown_trace
from libs.common.redaction import redacted
from libs.common.telemetry import Logs, shows_texts

LENGTH = struct.Struct("!Q")
"""Of an answer, in bytes."""

_PR_SET_PDEATHSIG = 1


class Signs(ctypes.Structure):
    """Memory through which a child says how far it is."""

    fraction: float
    reports: int
    has_begun: bool
    is_loading: bool
    """From before the process starts until its engine is loaded."""

    _fields_: ClassVar = [
        ("fraction", ctypes.c_double),
        ("reports", ctypes.c_uint64),
        ("has_begun", ctypes.c_bool),
        ("is_loading", ctypes.c_bool),
    ]


def serve(
    connection: socket.socket, load: Callable[[], object], signs: Signs, parent: int, logs: Logs | None = None
) -> None:
    """Answer calls of a lazily loaded engine until the parent is gone; log as the parent does."""
    _die_with(parent)
    if logs is not None:
        logs.configure()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection.set_inheritable(False)
    _listen(signs)

    @functools.cache
    def engine() -> object:
        signs.is_loading = True
        try:
            return load()
        finally:
            progress.report(0.0)
            signs.is_loading = False

    requests = connection.makefile("rb")
    with suppress(EOFError, ConnectionError):
        while True:
            connection.sendall(_next_answer(requests, engine, signs))


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _listen(signs: Signs) -> None:
    def sign(fraction: float) -> None:
        signs.fraction = fraction
        signs.reports += 1

    progress.listen(sign)


def _next_answer(requests: BinaryIO, engine: Callable[[], object], signs: Signs) -> bytes:
    subject, request = pickle.load(requests)  # noqa: S301 - our own parent wrote it
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**subject)
    signs.has_begun = True
    try:
        answer = pickle.dumps((True, request(engine())))
    except Exception as error:  # noqa: BLE001 - whatever the engine raises is the caller's
        answer = _failure(error)
    return LENGTH.pack(len(answer)) + answer


def _failure(error: Exception) -> bytes:
    trace = ShownTrace(redacted(shown_trace(error, is_whole=shows_texts())))
    try:
        error.add_note(trace)
        answer = pickle.dumps((False, error))
        pickle.loads(answer)  # noqa: S301 - an error with a constructor of its own may not come back
    except Exception:  # noqa: BLE001 - pickling can raise anything
        return _stand_in(error, trace)
    return answer if _is_known(error) else _stand_in(error, trace)


def _is_known(error: Exception) -> bool:
    """Whether the parent has its class; reading one of torch would load torch there, within the loop."""
    return isinstance(error, PipelineError) or type(error).__module__ == "builtins"


def _stand_in(error: Exception, trace: str) -> bytes:
    stand_in = InternalError(f"the engine raised {type(error).__name__}")
    stand_in.add_note(trace)
    return pickle.dumps((False, stand_in))
