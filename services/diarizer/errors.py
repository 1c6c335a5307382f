"""Why an enrolment sample gives no voiceprint; the same sample never will."""

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
