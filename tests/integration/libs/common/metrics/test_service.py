"""What the process of a worker shows at `/metrics`, after real units and the death of its engine."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from libs.common.events import SampleNormalized
from libs.common.release import RELEASE
from libs.common.storage import ObjectStore
from scripts.metrics_page.catalogue import labels_by_series
from tests.integration.line import accepted, entries, publish, until
from tests.integration.measured_service import AUDIO_SECONDS
from tests.integration.service_process import ServiceProcess, service_process

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(service: ServiceProcess) -> Samples:
    families = text_string_to_metric_families((await service.pages.get("/metrics")).text)
    return {(one.name, frozenset(one.labels.items())): one.value for of in families for one in of.samples}


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"hansard_{name}", frozenset(labels.items())))


async def test_a_worker_shows_what_its_units_and_its_engine_did(
    redis: Redis, redis_url: str, store: ObjectStore, tmp_path: Path
) -> None:
    variables = {"REDIS_URL": redis_url, "OBJECT_STORE_URL": (tmp_path / "objects").as_uri()}
    module = "tests.integration.measured_service"
    async with service_process(tmp_path, module, **variables, MARK=str(tmp_path / "mark")) as service:
        for _ in range(3):
            await publish(redis, accepted())
        await entries(redis, SampleNormalized, count=3)
        of, engine = {"stage": "normalize_sample"}, {"engine": "mortal"}

        async def is_idle() -> bool:
            return value(await scrape(service), "stage_in_hand_units", **of) == 0

        await until(is_idle)
        shown = await scrape(service)

    assert value(shown, "engine_child_restarts_total", **engine, reason="crashed") == 1
    assert value(shown, "engine_children", **engine) == 1
    assert (value(shown, "engine_child_memory_bytes", **engine) or 0) > 2**20
    attempts = {**of, **engine}
    assert value(shown, "stage_attempts_total", **attempts, result="failed", code="engine_crashed") == 1
    assert value(shown, "stage_attempts_total", **attempts, result="finished", code="") == 3
    assert value(shown, "stage_real_time_factor_ratio_count", **attempts) == 3
    assert value(shown, "stage_audio_seconds_total", **attempts) == 3 * AUDIO_SECONDS
    assert value(shown, "stage_queue_wait_seconds_count", **of) == 4, "the unit that failed waited twice"
    assert value(shown, "build_info", service="normalizer", release=RELEASE) == 1
    assert (value(shown, "process_resident_memory_bytes") or 0) > 2**20
    assert (value(shown, "event_loop_lag_seconds_count") or 0) > 0
    _all_are_in_the_catalogue(shown)


def _all_are_in_the_catalogue(samples: Samples) -> None:
    declared = labels_by_series()
    for name, labels in samples:
        assert declared[name] == {label for label, _ in labels}, name
