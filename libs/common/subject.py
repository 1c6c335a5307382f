"""Whom a line of the log is about: the ids by which one meeting's story is found in the logs of all services."""

import json

from libs.common.events import Event

_NAMES = ("meeting_id", "sample_id", "run_id")


def subject_of(event: Event) -> dict[str, str]:
    """The ids of what an event is about."""
    return {name: value for name in _NAMES if (value := getattr(event, name, None))}


def subject_in(body: str) -> dict[str, str]:
    """The same of an event that has not been read yet, as far as it can be."""
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    found = fields if isinstance(fields, dict) else {}
    return {name: value for name in _NAMES if isinstance(value := found.get(name), str)}
