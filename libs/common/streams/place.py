"""A place in the course of all streams: what lies before it has been read, whichever stream it is in."""

import re
from dataclasses import dataclass

_PLACE = re.compile(r"(\d{1,15})((?:;[\w.]+=\d{1,20})*)", re.ASCII)
_LAST_SEQUENCE = 2**64 - 1


def id_parts(entry_id: str) -> tuple[int, int]:
    """Milliseconds and sequence number of an entry id, which order as numbers, not as text."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence)


@dataclass(frozen=True)
class Place:
    """Everything before a millisecond of Redis's clock and, within it, what `seen` says.

    Streams number their entries separately, so that one entry's id says nothing about its neighbours in the others.
    """

    milliseconds: int
    seen: tuple[tuple[str, int], ...] = ()
    """Stream and the last sequence number that was read there within the millisecond."""

    def __str__(self) -> str:
        return ";".join([str(self.milliseconds), *(f"{stream}={sequence}" for stream, sequence in self.seen)])

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read a place.

        Raises:
            ValueError: It is none.
        """
        found = _PLACE.fullmatch(text)
        pairs = [one.split("=") for one in found[2].split(";")[1:]] if found else []
        seen = tuple((stream, int(sequence)) for stream, sequence in pairs)
        if found is None or any(sequence > _LAST_SEQUENCE for _, sequence in seen):
            raise ValueError(f"{text!r} is no place in the streams")
        return cls(int(found[1]), seen)

    def after(self, stream: str, entry_id: str) -> "Place":
        """The place behind an entry that comes next."""
        milliseconds, sequence = id_parts(entry_id)
        if milliseconds < self.milliseconds:
            return self  # the clock was set back
        if milliseconds > self.milliseconds:
            return Place(milliseconds, ((stream, sequence),))
        return Place(milliseconds, (*(one for one in self.seen if one[0] != stream), (stream, sequence)))

    def last_id(self, stream: str) -> str:
        """The greatest id that an entry of this stream before the place can have."""
        sequence = dict(self.seen).get(stream)
        if sequence is not None:
            return f"{self.milliseconds}-{sequence}"
        return f"{self.milliseconds - 1}-{_LAST_SEQUENCE}" if self.milliseconds else "0-0"
