"""How long the sound of an MP4 is, as its header says: ffmpeg's log only tells how long the longest track is."""

import mmap
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_MOST_BOXES = 10_000
"""Looked at in one place: a crafted file may be nothing but boxes."""

Span = tuple[int, int]
"""Where the content of a box begins and ends, bytes."""


def movie_sound_duration(path: Path) -> float | None:
    """Seconds of the shortest sound track of an MP4; `None` where the header does not say.

    Box by box as in ISO/IEC 14496-12: the track header counts in the time scale of the movie header.
    """
    if path.stat().st_size == 0:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        movie = _inside(content, (0, len(content)), b"moov")
        header = _inside(content, movie, b"mvhd")
        scale = _number(content, header, at=20 if _is_wide(content, header) else 12, size=4)
        durations = [_track_duration(content, track) for kind, track in _boxes(content, movie) if kind == b"trak"]
    stated = [one for one in durations if one]
    return min(stated) / scale if stated and scale else None


def _track_duration(content: mmap.mmap, track: Span) -> int | None:
    """In units of the movie; `None` if it is no sound track, 0 if it does not say."""
    media = _inside(content, track, b"mdia")
    handler = _inside(content, media, b"hdlr")
    if content[handler[0] + 8 : min(handler[0] + 12, handler[1])] != b"soun":
        return None
    header = _inside(content, track, b"tkhd")
    is_wide = _is_wide(content, header)
    at, size = (28, 8) if is_wide else (20, 4)
    duration = _number(content, header, at=at, size=size)
    return 0 if duration == 256**size - 1 else duration


def _inside(content: mmap.mmap, span: Span, wanted: bytes) -> Span:
    """The first box of a kind; an empty span if there is none."""
    return next((inner for kind, inner in _boxes(content, span) if kind == wanted), (span[1], span[1]))


def _boxes(content: mmap.mmap, span: Span) -> Iterator[tuple[bytes, Span]]:
    return islice(_all_boxes(content, *span), _MOST_BOXES)


def _all_boxes(content: mmap.mmap, at: int, end: int) -> Iterator[tuple[bytes, Span]]:
    while at + 8 <= end:
        size, head = int.from_bytes(content[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = end - at
        if size < head:
            return
        yield content[at + 4 : at + 8], (min(at + head, end), min(at + size, end))
        at += size


def _is_wide(content: mmap.mmap, header: Span) -> bool:
    """Whether a header is of version 1, with times of 64 bits."""
    return _number(content, header, at=0, size=1) == 1


def _number(content: mmap.mmap, span: Span, *, at: int, size: int) -> int:
    """A number of the content of a box; 0 where the box is too short."""
    start = span[0] + at
    return int.from_bytes(content[start : start + size], "big") if start + size <= span[1] else 0
