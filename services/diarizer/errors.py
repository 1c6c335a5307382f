"""Why a recording gives no turns or an enrolment sample no voiceprint; the same one never will."""

from libs.common.errors import PipelineError


class NoSpeech(PipelineError):
    """Nobody talks in the clip."""

    code = "no_speech"


class TooLittleSpeech(PipelineError):
    """The clip holds too few seconds of speech."""

    code = "too_little_speech"


class SeveralVoices(PipelineError):
    """More than one person talks in the clip."""

    code = "several_voices"


class RecordingTooLong(PipelineError):
    """The engine would need more memory for the recording than it may use."""

    code = "recording_too_long"
