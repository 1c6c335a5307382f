"""The names of attributes: OpenTelemetry's where it has one, else with `hansard.` before our own word."""

from collections.abc import Mapping

from libs.common.streams.entry import Entry


def subject_attributes(subject: Mapping[str, str]) -> dict[str, str]:
    """Whom a span is about; `subject`: as in the log."""
    return {f"hansard.{name}": value for name, value in subject.items()}


def reading(entry: Entry, *, entry_id: str, group: str, operation: str) -> dict[str, str]:
    """Of a span that consumes an entry."""
    return {
        "messaging.system": "redis",
        "messaging.operation.type": "process",
        "messaging.operation.name": operation,
        "messaging.destination.name": entry.key,
        "messaging.consumer.group.name": group,
        "messaging.message.id": entry_id,
    }


def publishing(keys: list[str]) -> dict[str, str | int]:
    """Of a span that publishes entries in these streams."""
    streams = list(dict.fromkeys(keys))
    return {
        "messaging.system": "redis",
        "messaging.operation.type": "send",
        "messaging.operation.name": "publish",
        "messaging.batch.message_count": len(keys),
        "messaging.destination.name": ",".join(streams),
    }
