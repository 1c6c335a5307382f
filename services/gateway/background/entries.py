"""Facts as the stream entries that they were, or would have been, published as."""

from asyncpg import Record

from libs.common.events import EVENTS
from libs.common.outcome import Unit
from libs.common.streams.entry import Entry, fact_name
from libs.common.streams.keys import stream_key


def entry_of(row: Record, *, trace: str = "") -> Entry:
    """The entry of a row of `facts`; `trace` as in `Entry`: what Postgres keeps of a fact says nothing of spans."""
    event = EVENTS[row["stream"]].model_validate_json(row["event"])
    publisher = Unit(run_id=str(row["run_id"]), stage=row["stage"], part=row["part"])
    return Entry(
        key=stream_key(row["stream"]),
        fact=fact_name(publisher, row["position"]),
        siblings=row["siblings"],
        spent=0,
        revision=event.needed_revision,
        event=event.model_dump_json(),
        report=row["report"],
        trace=trace,
    )
