"""Exceptions as the log shows them: where they were raised, and their texts as far as these quote nobody."""

import asyncio
import re
import ssl
import traceback
from collections.abc import Iterator

from pydantic import ValidationError
from redis.exceptions import RedisError

from libs.common.errors import PipelineError

WITHHELD = "(its text may quote a recording; LOG_LEVEL=debug shows it)"

_HARMLESS = (PipelineError, OSError, RedisError, TimeoutError, asyncio.CancelledError, ssl.SSLError, ImportError)
"""They speak of servers, files and settings. Others quote the value that they do not like."""

_OF_THE_INTERPRETER = {AttributeError, IndexError, MemoryError, NameError, RecursionError, TypeError, UnboundLocalError}
"""Itself it names types and names of the code with these; a library's subclass may say anything."""

_OF_A_DEVICE = re.compile(
    r"CUDA (error|failed|driver|out of memory)|cu(DNN|BLAS) (error|failed)|Library lib\S+ is not found"
)
"""How torch and CTranslate2 begin what they say of a GPU, as a `RuntimeError` like everything else."""

_QUOTES_A_VALUE = "22"
"""The class of SQLSTATE in which Postgres's very message does so."""

_FRAMES = 30


def shown_text(error: BaseException, *, is_whole: bool = False) -> str:
    """What an exception says, or that this is kept out of the log."""
    text = str(error)
    if is_whole or not text or isinstance(error, _HARMLESS) or type(error) in _OF_THE_INTERPRETER:
        return text
    if isinstance(error, RuntimeError) and _OF_A_DEVICE.match(text):
        return text
    if isinstance(error, ValidationError):
        return f"{error.title}: {', '.join(_kinds(error))} {WITHHELD}"
    sqlstate = getattr(error, "sqlstate", None)
    return WITHHELD if sqlstate is None else _said_by_postgres(error, str(sqlstate))


def _kinds(error: ValidationError) -> list[str]:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return sorted({one["type"] for one in faults})


def _said_by_postgres(error: BaseException, sqlstate: str) -> str:
    """Without the detail below the message, which quotes the row."""
    if sqlstate.startswith(_QUOTES_A_VALUE):
        return f"SQLSTATE {sqlstate} {WITHHELD}"
    return f"{error.args[0] if error.args else ''} (SQLSTATE {sqlstate})"


def shown_chain(error: BaseException, *, is_whole: bool = False) -> list[dict[str, object]]:
    """The exception and what caused it, outermost first, without source lines and local variables."""
    return [_shown(one, is_whole=is_whole) for one in _chain(error)]


def shown_trace(error: BaseException, *, is_whole: bool = False) -> str:
    """The same as lines, in the order in which they were raised."""
    return "\n".join(line for one in reversed(list(_chain(error))) for line in _lines(one, is_whole=is_whole))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _shown(error: BaseException, *, is_whole: bool) -> dict[str, object]:
    return {
        "exc_type": type(error).__name__,
        "exc_value": shown_text(error, is_whole=is_whole),
        "exc_notes": _notes(error),
        "frames": [{"filename": one.filename, "lineno": one.lineno, "name": one.name} for one in _frames(error)],
    }


def _lines(error: BaseException, *, is_whole: bool) -> Iterator[str]:
    for one in _frames(error):
        yield f"  {one.filename}:{one.lineno} in {one.name}"
    yield f"{type(error).__name__}: {shown_text(error, is_whole=is_whole)}"
    for note in _notes(error):
        yield from (f"  | {line}" for line in note.splitlines())


def _frames(error: BaseException) -> traceback.StackSummary:
    return traceback.extract_tb(error.__traceback__, limit=-_FRAMES)


def _notes(error: BaseException) -> list[str]:
    """Those of an engine's process, which wrote them with `shown_trace`; a library's own may quote anything."""
    return [one for one in getattr(error, "__notes__", ()) if isinstance(one, ShownTrace)]


class ShownTrace(str):
    """The trace of another process, without what is withheld."""

    __slots__ = ()
