"""How every error is answered: RFC 9457, with a stable code."""

from pydantic import Field

from services.gateway.schemas.answers import Answer


class FieldError(Answer):
    """One part of a request that is not as it should be."""

    field: str = Field(examples=["min_speakers"])
    message: str = Field(examples=["Input should be greater than or equal to 1"])


class StageError(Answer):
    """Why a stage was given up."""

    code: str = Field(examples=["no_audio_stream"])
    message: str = Field(examples=["the file has no audio"])
    stage: str = Field(examples=["normalize"])


class StageBacklog(Answer):
    """A stage with too much before it."""

    stage: str = Field(examples=["transcribe"])
    units: int = Field(examples=[1034])
    """That wait, were put aside, or are in work."""

    limit: int = Field(examples=[1000])


class Problem(Answer):
    """An error; `code` is stable, the texts are for people."""

    type: str = Field(examples=["urn:hansard:problem:meeting_not_found"])
    title: str
    status: int
    code: str
    detail: str
    instance: str = Field(examples=["/api/meetings/7b0e…/status"])
    request_id: str
    """As in the header `X-Request-ID` and in the log."""

    errors: tuple[FieldError, ...] = ()
    """Each part of the request that is wrong."""

    meeting_status: str | None = None
    """Of a meeting whose results were asked for too early, or that has ended."""

    error: StageError | None = None
    """What went wrong with a meeting that failed."""

    backlog: StageBacklog | None = None
    """What has to become less before a request can be accepted."""

    error_id: str | None = None
    """Of an error that nobody foresaw: where its trace is in the log."""
