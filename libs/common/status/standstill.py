"""How long something has stood still, told apart from a process that was not awake."""

import datetime

_BETWEEN_LOOKS = 2.0
"""Seconds that count at most between two looks: a process that was frozen blames nobody for what it did not see."""


class Standstill:
    """Looked at again and again; begins anew when what is watched moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """For how long it has stood still, as far as this process was awake."""

        self.since: datetime.datetime | None = None
        self._looked_at: float | None = None

    def look(self, now: float, *, is_still: bool) -> None:
        """`now` is monotonic, in seconds."""
        if not is_still:
            self.seconds, self.since, self._looked_at = 0.0, None, None
            return
        if self._looked_at is not None:
            self.seconds += min(now - self._looked_at, _BETWEEN_LOOKS)
        self._looked_at = now
        self.since = self.since or datetime.datetime.now(datetime.UTC)
