"""What every answer of a gateway has; what this program does not know is kept for `--json`."""

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Fault(Answer):
    """Why something failed."""

    code: str
    message: str
    stage: str | None = None


class FieldFault(Answer):
    """One part of a request that is wrong."""

    field: str
    message: str


class Problem(Answer):
    """An `application/problem+json` body."""

    code: str
    title: str = ""
    detail: str = ""
    error: Fault | None = None
    errors: tuple[FieldFault, ...] = ()
