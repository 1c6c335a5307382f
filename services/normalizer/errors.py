"""What can be wrong with a recording. None of these goes away by trying again."""

from libs.common.errors import PipelineError


class RecordingError(PipelineError):
    """The recording itself is at fault."""

    code = "recording_error"


class UnsupportedFormat(RecordingError):
    """The file is no audio or video that can be read safely."""

    code = "unsupported_format"


class NoAudioStream(RecordingError):
    """The file is a video or container without sound."""

    code = "no_audio_stream"


class EmptyRecording(RecordingError):
    """The file, or its sound, has no length."""

    code = "empty_recording"


class CorruptRecording(RecordingError):
    """The file is damaged beyond use."""

    code = "corrupt_recording"


class EncryptedRecording(RecordingError):
    """The sound is encrypted or protected."""

    code = "encrypted_recording"


class RecordingTooLong(RecordingError):
    """The recording is longer than the limit for meetings."""

    code = "recording_too_long"


class SampleTooLong(RecordingTooLong):
    """The clip is longer than the limit for enrolment samples."""

    code = "sample_too_long"
