"""Structured logs: one JSON object a line, or colours on a terminal, with the same ids in every service."""

import logging
import sys
from dataclasses import dataclass, field, replace
from typing import Literal, TextIO, cast

import structlog

from libs.common.failures import shown_chain, shown_trace
from libs.common.redaction import Redacted, hidden, hide
from libs.common.tracing.spans import trace_ids

Style = Literal["json", "console"]


@dataclass(frozen=True)
class Logs:
    """How a process logs, for those that it starts; without what is secret in its representation."""

    service: str
    level: str
    style: Style
    secrets: tuple[str, ...] = field(repr=False)

    def configure(self) -> None:
        """Log in this process as in that one."""
        hide(self.secrets)
        guard_output()
        configure_logs(self.service, level=self.level, style=self.style)


_configured: list[Logs] = []
"""At most one: what this process was told last."""


def current_logs() -> Logs | None:
    """How this process logs, if anybody said."""
    return replace(_configured[-1], secrets=hidden()) if _configured else None


def shows_texts() -> bool:
    """Whether the log may show what errors quote: nobody's words stand in it unless they are looked for."""
    return bool(_configured) and _configured[-1].level == "debug"


def guard_output() -> None:
    """Let nothing secret out by stdout and stderr, whoever writes: traces of the interpreter too."""
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


def configure_logs(service: str, *, level: str, style: Style, stream: TextIO | None = None) -> None:
    """Set up `structlog` and the standard library's loggers for this process; `stream` is stdout by default.

    What is hidden is written as `***`, whichever library says it.
    """
    _configured[:] = [Logs(service, level, style, secrets=())]
    stream = _guarded(stream or sys.stdout)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        _drop_empty,
    ]
    renderers = _renderers(style, is_terminal=stream.isatty())
    structlog.configure(
        processors=[*shared, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_unwrap, *renderers])
    )
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, _level(level)), force=True)


def _guarded(stream: TextIO) -> TextIO:
    return stream if isinstance(stream, Redacted) else cast(TextIO, Redacted(stream))


def _renderers(style: Style, *, is_terminal: bool) -> list[structlog.typing.Processor]:
    if style == "console":
        return [_shorten, structlog.dev.ConsoleRenderer(colors=is_terminal, exception_formatter=_write_trace)]
    return [
        structlog.processors.ExceptionRenderer(_chain),
        structlog.processors.EventRenamer("message"),  # the name under which platforms look for a line's text
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _chain(exc_info: structlog.typing.ExcInfo) -> list[dict[str, object]]:
    return shown_chain(exc_info[1], is_whole=shows_texts())


def _write_trace(stream: TextIO, raised: structlog.typing.ExcInfo) -> None:
    stream.write("\n" + shown_trace(raised[1], is_whole=shows_texts()))


def _add_trace(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """The span in hand, unless the line is about another."""
    return {**trace_ids(), **event}


def _shorten(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """A terminal is for people: object keys are left to the JSON."""
    return {name: value for name, value in event.items() if name not in {"inputs", "outputs", "service"}}


def _level(name: str) -> int:
    return logging.getLevelNamesMapping()[name.upper()]


def _drop_empty(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {name: value for name, value in event.items() if value is not None}


def _unwrap(
    logger: structlog.typing.WrappedLogger, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, method, event)
