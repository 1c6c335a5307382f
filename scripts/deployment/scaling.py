"""What KEDA looks at, and when it adds a replica."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

from libs.common.line import LINE, Position
from libs.common.streams.keys import stream_key
from scripts.deployment.manifests import KEDA, ScaledObject, ScaledSpec, Trigger, read_manifest
from scripts.deployment.service_files import Service
from services.transcriber.stages import assemble_stage, plan_stage

_SETTINGS = {
    "normalize": "normalizer_slots",
    "normalize_sample": "normalizer_slots",
    "diarize": "diarizer_slots",
    "match": "match_slots",
    "enroll": "enroll_slots",
    "transcribe": "transcriber_slots",
    "summarize": "summarizer_processes",
}
"""Stage → the setting that says how many units of it a replica takes at once."""

_OF_SEVERAL_CORES = {"transcribe": 2}
"""Where the default follows the machine: no pod has a limit of CPU."""


def scaling_faults(services: tuple[Service, ...], root: Path) -> Iterator[str]:
    """Stages that nobody scales, that would sleep over work, or that get a replica too soon or too late."""
    for service in services[1:]:
        path = KEDA / f"{service.name}.yaml"
        scaled = ScaledObject.model_validate(read_manifest(root / path)).spec
        if scaled.scale_target_ref.name != service.name:
            yield f"{path}: scales {scaled.scale_target_ref.name}"
        for position in LINE:
            if position.service == service.name:
                slots = _slots(service, position.stage)
                yield from (f"{path}: {fault}" for fault in _stage_faults(position, scaled, slots))


def _slots(service: Service, stage: str) -> int:
    """Units that one replica takes at once, as it is shipped."""
    fixed: dict[str, Callable[..., object]] = {"plan": plan_stage, "assemble": assemble_stage}
    if stage in fixed:
        return int(inspect.signature(fixed[stage]).parameters["slots"].default)
    return _OF_SEVERAL_CORES.get(stage) or int(service.settings.model_fields[_SETTINGS[stage]].default)


def _stage_faults(position: Position, scaled: ScaledSpec, slots: int) -> Iterator[str]:
    for parameter, what in (("lagCount", "waits"), ("pendingEntriesCount", "is in hand")):
        targets = {look.metadata[parameter] for look in _looks(position, scaled) if parameter in look.metadata}
        if not targets:
            yield f"nobody looks at what {what} of {position.stage}"
        elif targets != {str(slots)}:
            yield f"the {parameter} of {position.stage} is not {slots}, which one replica takes at once"
    if scaled.min_replica_count == 0:
        yield from _sleep_faults(position, scaled, slots)


def _looks(position: Position, scaled: ScaledSpec) -> Iterator[Trigger]:
    stream = stream_key(position.consumes.stream)
    for trigger in scaled.triggers:
        found = (trigger.type, trigger.metadata.get("stream"), trigger.metadata.get("consumerGroup"))
        if found == ("redis-streams", stream, position.stage):
            yield trigger


def _sleep_faults(position: Position, scaled: ScaledSpec, slots: int) -> Iterator[str]:
    """Of a stage that goes to zero."""
    metrics = [trigger.metadata for trigger in scaled.triggers if trigger.type == "metrics-api"]
    targets = {one["valueLocation"]: one["targetValue"] for one in metrics}
    for count in ("waiting", "delayed"):
        if f"stages.{position.stage}.queue.{count}" not in targets:
            yield f"goes to zero, and would sleep over what is {count} of {position.stage}"
    if targets.get(f"stages.{position.stage}.queue.waiting", str(slots)) != str(slots):
        yield f"the targetValue of what waits of {position.stage} is not {slots}, which one replica takes at once"
