"""Names of all keys in Redis. One hash tag keeps every script in one slot of a cluster."""

PREFIX = "{hansard}:"
PROJECTION = "projection"
"""The consumer group, on every stream, that turns events into rows."""


def stream_key(stream: str) -> str:
    """The stream of one event class."""
    return f"{PREFIX}{stream}"


def marker_key(unit_id: str) -> str:
    """Set when a unit's events were published; holds their entry ids."""
    return f"{PREFIX}marker:{unit_id}"


def moved_key(stage: str) -> str:
    """Hash unit → entry id, for inputs that were added to their stream again."""
    return f"{PREFIX}moved:{stage}"


def delayed_key(stage: str) -> str:
    """Sorted set of units that wait for a later time, scored by Redis's clock in milliseconds."""
    return f"{PREFIX}delayed:{stage}"


def waiting_entries_key(stage: str) -> str:
    """Hash unit → entry, for the units in the sorted set."""
    return f"{PREFIX}delayed-entries:{stage}"


def cancelled_key(run_id: str) -> str:
    """Exists while workers must drop what they do for this run."""
    return f"{PREFIX}cancelled:{run_id}"


def progress_key(run_id: str) -> str:
    """Hash unit name → JSON with `started_at`, `fraction`, `attempt` and `consumer`, for units in hand."""
    return f"{PREFIX}progress:{run_id}"


def worker_key(consumer: str) -> str:
    """JSON about a living worker; expires when it stops refreshing it."""
    return f"{PREFIX}worker:{consumer}"


WORKERS = f"{PREFIX}workers"
"""Sorted set of the names of all consumers that ever lived and were not removed, by their last sign of life."""


def cache_key(key: str) -> str:
    """A value that can be made again."""
    return f"{PREFIX}cache:{key}"
