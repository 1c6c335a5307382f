"""What can go wrong in transcription."""

from libs.common.errors import PipelineError


class TranscriptionFailed(PipelineError):
    """No chunk of the meeting could be transcribed."""

    code = "transcription_failed"
