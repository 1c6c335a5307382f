"""What a gateway elsewhere says about itself and its line."""

from collections.abc import Iterator, Mapping

from cli.answers.health import Health
from cli.answers.pipeline import Pipeline, Stage
from cli.pipeline_client import PipelineGateway
from libs.common.doctor.finding import Finding, Report, ok, problem, warning
from libs.common.release import RELEASE

_OLD = 600.0
"""Seconds that work may wait."""


def remote_report(gateway: PipelineGateway) -> Report:
    """A report from `/health` and `/api/pipeline`.

    Raises:
        GatewayUnreachable, GatewayRefused: It does not answer.
    """
    health = gateway.health()
    findings = tuple(findings_of(health, gateway.pipeline()))
    return Report(service=f"gateway at {gateway.url}", release=health.release, findings=findings)


def findings_of(health: Health, pipeline: Pipeline) -> Iterator[Finding]:
    """What the two answers mean."""
    yield from _of_health(health)
    yield from _of_pipeline(pipeline, health.release)


def _of_health(health: Health) -> Iterator[Finding]:
    if health.release != RELEASE:
        cure = "install that release of this program"
        yield warning("releases", f"the gateway is {health.release}, this program {RELEASE}", cure)
    for name, one in health.dependencies.items():
        if one.status == "up":
            yield ok(name, f"answers the gateway in {one.latency * 1000:.0f} ms")
        else:
            yield problem(name, f"is down: {one.error}", "run `python -m services.gateway doctor` beside the gateway")
    for text in health.problems:
        if not any(text.startswith(f"{name} is down") for name in health.dependencies):
            yield problem("line", text, "run the doctor of that service where it is deployed")
    for text in health.notes:
        yield warning("line", text, "see the text")


def _of_pipeline(pipeline: Pipeline, release: str) -> Iterator[Finding]:
    yield _releases(pipeline.stages, release)
    for name, stage in pipeline.stages.items():
        yield from _of_stage(name, stage)


def _releases(stages: Mapping[str, Stage], release: str) -> Finding:
    others = sorted({worker.release for stage in stages.values() for worker in stage.workers} - {release})
    if others:
        cure = "nothing during a deploy; otherwise deploy the same release everywhere"
        return warning("releases", f"the gateway is {release}, and workers of {', '.join(others)} live", cure)
    return ok("releases", f"all that live are {release}")


def _of_stage(name: str, stage: Stage) -> Iterator[Finding]:
    count = len(stage.workers)
    if count:
        yield ok("workers", f"{name} has {count} living worker{'s' if count > 1 else ''}")
    if stage.queue is not None and (stage.queue.oldest or 0.0) > _OLD:
        what = f"{name}: the oldest of {stage.queue.waiting} waiting has waited {stage.queue.oldest:.0f} s"
        yield warning("backlog", what, "run more workers of that service")
    if stage.dead:
        cure = "hansard dead list shows them, hansard dead retry does them again"
        yield warning("dead letters", f"{name}: {stage.dead} were given up", cure)
