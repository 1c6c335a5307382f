"""What may go wrong between us and a remote model."""

from libs.common.errors import PipelineError, Postpone


class ModelOutOfReach(Postpone):
    """The server did not answer, broke off, or says that it is out of order."""

    code = "minutes_model_out_of_reach"


class RateLimited(Postpone):
    """The server asks for patience."""

    code = "minutes_rate_limited"


class KeyRejected(PipelineError):
    """The server does not take the key."""

    code = "minutes_key_rejected"


class QuotaExhausted(PipelineError):
    """The account has no credit left; waiting does not help."""

    code = "minutes_quota_exhausted"


class ModelUnknown(PipelineError):
    """The server has no such model, or not for this account."""

    code = "minutes_model_unknown"


class RequestRejected(PipelineError):
    """The server calls the request wrong, and no simpler one is left."""

    code = "minutes_request_rejected"


class Refused(PipelineError):
    """The model, or a filter before it, declines to answer."""

    code = "minutes_refused"


class AnswerInvalid(PipelineError):
    """The answer does not follow its schema, also after its fault was shown to the model."""

    code = "minutes_answer_invalid"


class AnswerTooLong(PipelineError):
    """Even the answer to a small part of the transcript has no end."""

    code = "minutes_answer_too_long"


class ContextTooSmall(PipelineError):
    """The model reads too little at once for the prompt and some of the transcript."""

    code = "minutes_context_too_small"
