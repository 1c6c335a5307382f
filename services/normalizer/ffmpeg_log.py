"""Reads ffmpeg's log: what the file holds, how loud it is, and what went wrong."""

import re
from dataclasses import dataclass, field

from services.normalizer.recording import SourceFormat

_INPUT = re.compile(r"^\[info\] Input #0, (?P<container>[^ ]+), from ")
_DURATION = re.compile(r"^\[info\]   Duration: (\d+):(\d\d):(\d\d\.\d+)")
_TOTAL_BIT_RATE = re.compile(r"^\[info\]   Duration: .*bitrate: (\d+) kb/s")
_AUDIO = re.compile(r"^\[info\]   Stream #0:(?P<index>\d+)[^ ]*: Audio: (?P<codec>[^ ,]+)(?P<rest>.*)$")
_STREAM = re.compile(r"^\[info\]   Stream #0:(?P<index>\d+)[^ ]*: (?!.*\(attached pic\))")
_STREAM_DURATION = re.compile(r"^\[info\]       DURATION +: (\d+):(\d\d):(\d\d\.\d+)")
"""The tag of one stream that Matroska's writers leave."""

_MAPPING = re.compile(r"^\[info\]   Stream #0:(\d+)[^ ]* -> #0:0 ")
_OUTPUT = re.compile(r"^\[info\] Output #0, ")
_FAULT = re.compile(r"\[(?:error|fatal)\] |\[warning\] (?:corrupt input packet|Packet corrupt)")
_NO_FAULT = re.compile(r"Inner protocol failed to seekback end|Failed to compensate for timestamp delta")
_LOUDNESS = re.compile(r"^\s+I:\s+(\S+) LUFS")
_PEAK = re.compile(r"^\s+Peak:\s+(\S+) dBFS")
_OUR_NAMES = re.compile(r"(?:\bcache:pipe:\d+|\bpipe:\d*|\bfd:|\bfile:[^\s:]+)(?:: ?)?")
"""What ffmpeg calls the files that it is given: no name that anybody else knows."""

_PREFIX = re.compile(r"\[[^\]]* @ 0x[0-9a-f]+\] |\[(?:error|fatal|warning)\] ")
_PROTECTED = re.compile(r"DRM protected|activation_bytes|[Ee]ncrypted|decryption key")

_MAX_FAULTS = 5


@dataclass(frozen=True)
class _AudioStream:
    codec: str
    sample_rate_hz: int | None
    channels: str | None
    bit_rate: int | None


@dataclass
class FfmpegLog:
    """What one run of ffmpeg (`-loglevel level+info`) said; its size does not grow with the log."""

    faults: list[str] = field(default_factory=list)
    """The first lines that report an error."""

    num_faults: int = 0
    container: str | None = None
    stated_duration: float | None = None
    loudness_lufs: float | None = None
    peak_dbtp: float | None = None
    is_protected: bool = False
    is_disk_full: bool = False
    _total_bit_rate: int | None = None
    _streams: dict[int, _AudioStream] = field(default_factory=dict)
    _timed: dict[int, float | None] = field(default_factory=dict)
    _chosen: int | None = None
    _has_output: bool = False

    def read(self, line: str) -> None:
        """Take in one line."""
        if not self._has_output:
            self._read_input(line)
            self._read_stream_duration(line)
        self._read_loudness(line)
        self._read_fault(line)

    @property
    def num_audio_streams(self) -> int:
        """Audio streams in the file."""
        return len(self._streams)

    @property
    def sound_duration(self) -> float | None:
        """What the file states for the stream that was read; `None` where it only states how long the longest is."""
        if len(self._timed) == 1:
            return self.stated_duration
        return self._timed.get(self._read_stream)

    @property
    def source(self) -> SourceFormat:
        """The technical data of the stream that was read."""
        stream = self._streams.get(self._read_stream, _AudioStream("unknown", None, None, None))
        return SourceFormat(
            container=self.container or "unknown",
            codec=stream.codec,
            sample_rate_hz=stream.sample_rate_hz,
            channels=stream.channels,
            bit_rate=stream.bit_rate or self._total_bit_rate,
            stated_duration=self.stated_duration,
            num_audio_streams=len(self._streams),
        )

    @property
    def _read_stream(self) -> int:
        return self._chosen if self._chosen is not None else next(iter(self._streams), -1)

    def _read_input(self, line: str) -> None:
        if found := _INPUT.match(line):
            self.container = found["container"]
        elif found := _DURATION.match(line):
            self.stated_duration = _seconds(found)
            rate = _TOTAL_BIT_RATE.match(line)
            self._total_bit_rate = int(rate[1]) * 1000 if rate else None
        elif found := _AUDIO.match(line):
            self._streams[int(found["index"])] = _stream(found["codec"], found["rest"])
        elif found := _MAPPING.match(line):
            self._chosen = int(found[1])
        elif _OUTPUT.match(line):
            self._has_output = True

    def _read_stream_duration(self, line: str) -> None:
        if found := _STREAM.match(line):
            self._timed[int(found["index"])] = None
        elif self._timed and (found := _STREAM_DURATION.match(line)):
            self._timed[next(reversed(self._timed))] = _seconds(found)

    def _read_loudness(self, line: str) -> None:
        if found := _LOUDNESS.match(line):
            self.loudness_lufs = float(found[1])
        elif found := _PEAK.match(line):
            self.peak_dbtp = float(found[1])

    def _read_fault(self, line: str) -> None:
        self.is_protected = self.is_protected or bool(_PROTECTED.search(line))
        self.is_disk_full = self.is_disk_full or "No space left on device" in line
        if _FAULT.search(line) and not _NO_FAULT.search(line):
            self.num_faults += 1
            if len(self.faults) < _MAX_FAULTS:
                self.faults.append(_OUR_NAMES.sub("", _PREFIX.sub("", line)).strip(" ."))


def _seconds(clock: re.Match[str]) -> float:
    return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])


def _stream(codec: str, rest: str) -> _AudioStream:
    sample_rate = re.search(r", (\d+) Hz(?:, ([^,]+))?", rest)
    bit_rate = re.search(r", (\d+) kb/s", rest)
    return _AudioStream(
        codec=codec,
        sample_rate_hz=int(sample_rate[1]) if sample_rate else None,
        channels=sample_rate[2].strip() if sample_rate and sample_rate[2] else None,
        bit_rate=int(bit_rate[1]) * 1000 if bit_rate else None,
    )
