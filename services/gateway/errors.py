"""Errors of the API: one class each, and one table from codes to HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from libs.common.errors import PipelineError
from services.gateway.schemas.problems import FieldError, StageBacklog, StageError


class ApiError(PipelineError):
    """An error that says more than its code and text."""

    retry_after: int | None = None
    """Seconds after which asking again makes sense."""

    headers: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """What else the answer says."""

    def __init__(
        self,
        message: str,
        *,
        errors: Sequence[FieldError] = (),
        meeting_status: str | None = None,
        error: StageError | None = None,
        backlog: StageBacklog | None = None,
    ) -> None:
        super().__init__(message)
        self.errors = tuple(errors)
        self.meeting_status = meeting_status
        self.error = error
        self.backlog = backlog


class InvalidRequest(ApiError):
    """Fields, parameters or headers are wrong; `errors` lists each."""

    code = "invalid_request"

    @classmethod
    def of(cls, *errors: FieldError) -> "InvalidRequest":
        """One error for all wrong fields."""
        return cls("; ".join(f"{one.field}: {one.message}" for one in errors), errors=errors)


class Unauthorized(ApiError):
    """No key was sent, or one that opens nothing; which of them it was is nobody's business."""

    code = "unauthorized"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})

    def __init__(self) -> None:
        super().__init__("send a key that is neither revoked nor expired, as `Authorization: Bearer <key>`")


class GatewayStopping(ApiError):
    """The request was in hand when the gateway stopped, and was not answered in time."""

    code = "gateway_stopping"


class UnsupportedMediaType(ApiError):
    """The body is not multipart/form-data."""

    code = "unsupported_media_type"


class UploadTooLarge(ApiError):
    """The body is larger than the limit."""

    code = "upload_too_large"


class TruncatedUpload(ApiError):
    """The body ended before its closing boundary."""

    code = "truncated_upload"


class MalformedUpload(ApiError):
    """The body does not follow the multipart format."""

    code = "malformed_upload"


class UploadStalled(ApiError):
    """The client sent nothing for too long."""

    code = "upload_stalled"


class EmptyUpload(ApiError):
    """The recording has no bytes."""

    code = "empty_upload"


class UploadExpired(ApiError):
    """The upload took so long that it was taken for abandoned."""

    code = "upload_expired"


class IdempotencyKeyReused(ApiError):
    """The key was used for another request."""

    code = "idempotency_key_reused"


class BacklogFull(ApiError):
    """Too much waits before a stage that the request would pass through."""

    code = "backlog_full"

    @classmethod
    def of(cls, backlog: StageBacklog, *, retry_after: int) -> Self:
        """`retry_after`: seconds until there may be room."""
        refusal = cls(
            f"{backlog.units} units wait before the stage {backlog.stage} or are in its work, and {backlog.limit} may; "
            f"try again in {retry_after} s",
            backlog=backlog,
        )
        refusal.retry_after = retry_after
        return refusal


class MeetingNotFound(ApiError):
    """No such meeting in this workspace."""

    code = "meeting_not_found"


class RunNotFound(ApiError):
    """No such run in this workspace, or not of this meeting."""

    code = "run_not_found"


class EventNotFound(ApiError):
    """The run has no such event."""

    code = "event_not_found"


class MeetingEnded(ApiError):
    """The meeting is completed, failed or cancelled already."""

    code = "meeting_ended"


class ResultsNotReady(ApiError):
    """The transcript is not there yet."""

    code = "results_not_ready"
    retry_after = 2


class MeetingFailed(ApiError):
    """The meeting ended without a transcript."""

    code = "meeting_failed"


class MeetingCancelled(ApiError):
    """The meeting was cancelled before there was a transcript."""

    code = "meeting_cancelled"


class ReplayNotPossible(ApiError):
    """The run has not got as far as the stage from which it should be replayed."""

    code = "replay_not_possible"


class RunInProgress(ApiError):
    """What failed can be worked again once nothing else is under way."""

    code = "run_in_progress"


class NothingGivenUp(ApiError):
    """No unit of the run failed."""

    code = "nothing_given_up"


class DeadLetterNotFound(ApiError):
    """Nothing of this name was given up in this workspace, or it was looked at already."""

    code = "dead_letter_not_found"


class SpeakerNotFound(ApiError):
    """No such speaker in this workspace."""

    code = "speaker_not_found"


class EmbeddingModelUnknown(ApiError):
    """Nobody who lives says with which model samples are embedded."""

    code = "embedding_model_unknown"


class SeveralEmbeddingModels(ApiError):
    """Living diarizers embed with different models, and nobody knows which of them takes a sample."""

    code = "several_embedding_models"


@dataclass(frozen=True)
class Kind:
    """How a code is answered."""

    status: int
    title: str


KINDS: dict[str, Kind] = {
    "bad_request": Kind(400, "The request cannot be read"),
    "truncated_upload": Kind(400, "The upload ended early"),
    "malformed_upload": Kind(400, "The upload is not valid multipart/form-data"),
    "unauthorized": Kind(401, "This needs an API key"),
    "not_found": Kind(404, "There is nothing at this address"),
    "meeting_not_found": Kind(404, "There is no such meeting"),
    "run_not_found": Kind(404, "There is no such run"),
    "event_not_found": Kind(404, "There is no such event"),
    "dead_letter_not_found": Kind(404, "There is no such dead letter"),
    "speaker_not_found": Kind(404, "There is no such speaker"),
    "method_not_allowed": Kind(405, "This address does not know that method"),
    "upload_stalled": Kind(408, "The upload stalled"),
    "results_not_ready": Kind(409, "The results are not ready yet"),
    "meeting_failed": Kind(409, "The meeting failed"),
    "meeting_cancelled": Kind(409, "The meeting was cancelled"),
    "meeting_ended": Kind(409, "The meeting has ended already"),
    "replay_not_possible": Kind(409, "The run cannot be replayed from there"),
    "run_in_progress": Kind(409, "The run is still in progress"),
    "nothing_given_up": Kind(409, "Nothing was given up"),
    "several_embedding_models": Kind(409, "Diarizers with different embedding models are alive"),
    "upload_expired": Kind(409, "The upload took too long"),
    "upload_too_large": Kind(413, "The upload is too large"),
    "unsupported_media_type": Kind(415, "The content type is not supported"),
    "invalid_request": Kind(422, "The request is not valid"),
    "empty_upload": Kind(422, "The recording is empty"),
    "idempotency_key_reused": Kind(422, "The idempotency key belongs to another request"),
    "backlog_full": Kind(429, "Too much waits already"),
    "internal_error": Kind(500, "Something went wrong here"),
    "gateway_stopping": Kind(503, "The gateway stops"),
    "database_unavailable": Kind(503, "The database does not answer"),
    "storage_unavailable": Kind(503, "The object store does not answer"),
    "embedding_model_unknown": Kind(503, "No living diarizer says with which model it embeds"),
}
"""Every code that the API answers with. A code that is missing here is answered as an internal error."""
