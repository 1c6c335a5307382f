"""The artifact `recording.json`: what came in, as ffmpeg saw it, and what was done to its loudness."""

from typing import Literal

from libs.common.speech import Frozen


class SourceFormat(Frozen):
    """The technical data of a recording as it came; `None` where the file does not say."""

    container: str
    """ffmpeg's name of the demuxer, for example `mov,mp4,m4a,3gp,3g2,mj2`."""

    codec: str
    sample_rate_hz: int | None = None
    channels: str | None = None
    """Channel layout, for example `stereo`."""

    bit_rate: int | None = None
    """Bits per second of the audio stream, or of the whole file where the stream does not say."""

    stated_duration: float | None = None
    """What the header says; it may lie."""

    num_audio_streams: int = 1


class Loudness(Frozen):
    """How loud the recording was and is (EBU R128)."""

    measured_lufs: float | None
    """Integrated loudness of the recording as it came; `None` if it is silent."""

    measured_peak_dbtp: float | None
    gain_db: float
    is_limited: bool
    """Whether peaks were held down by the limiter."""

    result_lufs: float | None


class Recording(Frozen):
    """A normalized recording and where it comes from."""

    version: Literal[1] = 1
    duration: float
    """Of the normalized recording, seconds."""

    size_bytes: int
    """Of the upload."""

    source: SourceFormat
    loudness: Loudness
    ffmpeg: str
    """Version of ffmpeg that read it."""
