"""One recorded unit again, in this process: no lease, no deadline, no second attempt."""

from collections.abc import Callable
from typing import TypeVar

from libs.common.errors import PipelineError
from libs.common.events import Event
from libs.common.outcome import Outcome, Unit
from libs.common.runtime.attempt import Attempt, unexpected
from libs.common.runtime.work import UnitWork
from libs.common.stage import Stage
from libs.common.storage import ObjectStore
from libs.common.streams.entry import Entry
from libs.common.streams.keys import stream_key
from libs.common.streams.queue import Delivery

E = TypeVar("E", bound=Event)


class ShownWork(UnitWork):
    """Work whose progress somebody watches."""

    def __init__(self, store: ObjectStore, *, folder: str, unit: Unit, show: Callable[[float], None]) -> None:
        super().__init__(store, folder=folder, unit=unit, attempt=1)
        self._show = show

    def progress(self, fraction: float) -> None:
        super().progress(fraction)
        self._show(self.fraction)


async def replay(
    stage: Stage[E],
    event: E,
    store: ObjectStore,
    *,
    show: Callable[[float], None],
    on_failure: Callable[[Exception], None],
) -> Outcome | None:
    """Work the unit that an event asks for; what it keeps goes to `store`, under new keys.

    `show` hears of progress, `on_failure` of what the handler raised. The answer is the outcome as a worker would have
    written it after its last attempt; `None` if the handler had nothing to say yet.
    """
    unit = Unit(run_id=event.run_id, stage=stage.name, part=stage.part(event))
    work = ShownWork(store, folder=event.folder, unit=unit, show=show)
    attempt = Attempt(stage, event, unit, work, delivery=_delivery(event))
    try:
        events = await stage.handle(event, work)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was asked for
        on_failure(error)
        reason = error if isinstance(error, PipelineError) else unexpected(error, stage.name)
        given_up = await attempt.given_up(reason)
        assert isinstance(given_up, Outcome)  # a store on this disk is never out of reach
        return given_up
    return None if events is None else attempt.finished(events)


def _delivery(event: Event) -> Delivery:
    entry = Entry(
        key=stream_key(event.stream),
        fact="",
        siblings=1,
        spent=0,
        revision=event.revision,
        event=event.model_dump_json(),
        report="",
    )
    return Delivery(id="", times_delivered=1, entry=entry)
