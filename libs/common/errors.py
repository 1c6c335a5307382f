"""The errors of the pipeline: a stable code, a text for people, and whether the same input may be retried."""

from typing import ClassVar

from libs.common.redaction import redacted


class PipelineError(Exception):
    """A failure that a user or an operator can act on.

    Subclasses set `code` (stable, part of the API) and `retryable` (the same input may succeed later). The text goes
    into events, outcomes, logs and answers, so it holds no secrets from the beginning.
    """

    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        self.message = redacted(message)
        super().__init__(self.message)


class InternalError(PipelineError):
    """A fault of Hansard itself; the log has the trace."""

    code = "internal_error"
    retryable = True


class UnreadableEvent(PipelineError):
    """An entry of a stream does not hold what the stream promises."""

    code = "unreadable_event"


class Postpone(PipelineError):
    """Something outside the unit is out of order: try again after `delay` seconds, without counting an attempt."""

    code = "postponed"
    retryable = True

    def __init__(self, message: str, *, delay: float | None = None) -> None:
        super().__init__(message)
        self.delay = delay


class InvalidSettings(PipelineError):
    """A setting is missing or wrong; the service refuses to start."""

    code = "invalid_settings"


class StorageUnavailable(Postpone):
    """The object store did not answer."""

    code = "storage_unavailable"


class ObjectMissing(PipelineError):
    """An object that an event names is not in the store."""

    code = "object_missing"
    retryable = True


class EngineUnavailable(PipelineError):
    """The engine's model, device or remote API did not answer."""

    code = "engine_unavailable"
    retryable = True


class EngineCrashed(PipelineError):
    """The engine's process died: killed, out of memory, or a fault in native code."""

    code = "engine_crashed"
    retryable = True


class EngineStalled(PipelineError):
    """The engine made no progress within its stall limit."""

    code = "engine_stalled"
    retryable = True


class DeadlineExceeded(PipelineError):
    """The unit did not finish within the time that its audio's duration allows."""

    code = "deadline_exceeded"
    retryable = True


class WorkerCrashed(PipelineError):
    """The whole worker died under this unit too often."""

    code = "worker_crashed"


class LanguageNotSupported(PipelineError):
    """The engine does not know the language that was asked for."""

    code = "language_not_supported"
