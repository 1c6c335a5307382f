"""`python -m services.<service> replay CASE EVENT`: one recorded unit in this process, and how it differs."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from libs.common.cases.debugging import DebuggerLeft, show_failure, stop_at
from libs.common.cases.differences import Comparison, Difference
from libs.common.cases.folder import Case, RecordedUnit
from libs.common.cases.galleries import gallery_notes
from libs.common.cases.report import DIFFERENT, LEFT, ReplayReport, Worked
from libs.common.errors import InvalidSettings
from libs.common.events import Event, MeetingEvent
from libs.common.outcome import Outcome
from libs.common.request import MeetingRequest, RunSettings
from libs.common.runtime.replay import replay
from libs.common.stage import Stage
from libs.common.storage import ObjectStore
from libs.common.streams.entry import fact_name

OpenStages = Callable[[ObjectStore], AbstractAsyncContextManager[Sequence[Stage[Any]]]]
"""The stages of a service over a store, with their engines in this process."""


def replay_options(service: str, arguments: Sequence[str]) -> argparse.Namespace:
    """Which unit is to be worked again, and how.

    Raises:
        SystemExit: With 0 after the help that was asked for; with 2 after the usage.
    """
    parser = argparse.ArgumentParser(prog=f"python -m services.{service} replay", description=__doc__)
    parser.add_argument("case", type=Path, help="folder of an unpacked case")
    parser.add_argument("event", help="name of the event that asks for the unit")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the run")
    parser.add_argument("--pdb", action="store_true", help="debugger at the handler, and where it fails")
    parser.add_argument("--json", action="store_true", help="print one document")
    return parser.parse_args(arguments)


def replay_unit(options: argparse.Namespace, open_stages: OpenStages) -> int:
    """Work a unit of an unpacked case and print how it differs; the answer is the exit status.

    Raises:
        UnreadableCase, InvalidSettings, ObjectMissing: It cannot be worked.
        PipelineError: The engine cannot be loaded.
    """
    case = Case(options.case)
    recorded = case.unit_of(options.event)
    try:
        replayed = asyncio.run(_replayed(case, recorded, open_stages, options))
    except (DebuggerLeft, KeyboardInterrupt):
        return LEFT
    report = _compared(case, recorded, replayed)
    _print(report, as_json=options.json)
    return DIFFERENT if report.is_different else 0


async def _replayed(
    case: Case, recorded: RecordedUnit, open_stages: OpenStages, options: argparse.Namespace
) -> Outcome | None:
    # One Ctrl-C has to do: the engine works on this very thread, where asyncio could not cancel it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    event, store = recorded.input.event, ObjectStore.open(case.objects.resolve().as_uri())
    await _change_request(store, event, options.set)
    async with open_stages(store) as stages:
        stage = next(one for one in stages if one.name == recorded.unit.stage)
        if options.pdb:
            stop_at(stage.handle)
        on_failure = partial(show_failure, debug=options.pdb)
        return await replay(stage, event, store, show=_show_progress, on_failure=on_failure)


async def _change_request(store: ObjectStore, event: Event, settings: Sequence[str]) -> None:
    """Other settings for this run, as a replay of the meeting would have them."""
    if not settings:
        return
    if not isinstance(event, MeetingEvent):
        raise InvalidSettings("an enrolment sample has no settings")
    request = await store.load(MeetingRequest, event.request_key)
    try:
        changed = request.with_settings(RunSettings.model_validate(dict(map(_setting, settings))))
    except ValidationError as error:
        faults = "; ".join(": ".join([*map(str, one["loc"]), one["msg"]]) for one in error.errors())
        raise InvalidSettings(f"wrong settings: {faults}") from error
    await store.put(event.request_key, changed.model_dump_json().encode())


def _setting(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _compared(case: Case, recorded: RecordedUnit, replayed: Outcome | None) -> ReplayReport:
    known = case.outcome(recorded)
    differences: list[Difference] = []
    if known is not None and replayed is not None:
        differences = Comparison(case.objects, recorded.input.event.folder).differences(known, replayed)
    elif known is not None:
        differences = [Difference(where="outcome", note="there is none: parts that the stage waits for are missing")]
    return ReplayReport(
        unit=recorded.unit.id,
        event=recorded.event.name,
        recorded=Worked.of(known) if known else None,
        replayed=Worked.of(replayed) if replayed else None,
        differences=tuple(differences),
        notes=(*_notes(case, recorded), *gallery_notes(case, known, replayed)),
        exported_by=case.manifest.release,
    )


def _notes(case: Case, recorded: RecordedUnit) -> Iterator[str]:
    manifest = case.manifest
    elsewhere = next((one.worked_in for one in case.events if one.publisher == recorded.unit), None)
    if elsewhere is not None:
        name = fact_name(recorded.event.publisher.model_copy(update={"run_id": elsewhere}), recorded.event.position)
        yield (
            f"it was worked in run {elsewhere}, whose work this run took over: "
            f"hansard replay --local {recorded.unit.stage} {name}"
        )
    if recorded.unit.stage == "match" and not manifest.has_voices:
        yield "the case holds no voiceprints, so nobody has a name: export it with --with-voices"
    if manifest.left_out and manifest.event is None:
        yield "the case was exported without its recording"
    if manifest.missing:
        yield f"erased before the case was exported: {', '.join(manifest.missing)}"


def _print(report: ReplayReport, *, as_json: bool) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    sys.stdout.write(report.model_dump_json(indent=2) + "\n" if as_json else "\n".join([*report.lines(), ""]))
    sys.stdout.flush()


def _show_progress(fraction: float) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{fraction:4.0%} ")
        sys.stderr.flush()
