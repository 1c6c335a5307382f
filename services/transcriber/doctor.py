"""What the transcriber needs beside what every service does."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import assert_never

from libs.common.doctor.checking import Check, one_line
from libs.common.doctor.finding import Finding, ok, problem, warning
from libs.common.doctor.machine import Needs, machine_check
from libs.common.doctor.models import hub_cache_findings
from libs.common.doctor.packages import packages
from libs.common.errors import EngineUnavailable, InvalidSettings
from services.transcriber.settings import TranscriberSettings

_INSTALL = "pip install -c constraints.txt -r services/transcriber/requirements.txt"
_MEMORY_BYTES = {"pocketsphinx": 256 * 2**20, "faster-whisper": 1536 * 2**20}
"""Of each process; Whisper's with the model `small`."""

_LARGE_BYTES = 4 * 2**30


def checks(settings: TranscriberSettings) -> Sequence[Check]:
    """The engine, its model and the machine."""
    slots, engine = settings.transcriber_slots, settings.transcriber_engine
    each = _LARGE_BYTES if "large" in (settings.whisper_model or "") else _MEMORY_BYTES[engine]
    machine = machine_check(Needs(memory_bytes=slots * each, cores=slots * (settings.whisper_cpu_threads or 1)))
    match engine:
        case "pocketsphinx":
            return (Check("engine", _pocketsphinx), machine)
        case "faster-whisper":
            return (Check("engine", _whisper), Check("models", partial(_model, settings)), machine)
        case _:
            assert_never(engine)


async def _pocketsphinx() -> AsyncIterator[Finding]:
    for finding in packages("pocketsphinx", ("pocketsphinx",), _INSTALL):
        yield finding


async def _whisper() -> AsyncIterator[Finding]:
    for finding in packages("faster-whisper", ("faster-whisper", "ctranslate2"), _INSTALL):
        yield finding


async def _model(settings: TranscriberSettings) -> AsyncIterator[Finding]:
    from services.transcriber.engines.whisper_hardware import choose_hardware  # noqa: PLC0415 - loads CTranslate2

    try:
        hardware = await asyncio.to_thread(
            choose_hardware,
            settings.whisper_device,
            settings.whisper_compute_type,
            threads=settings.threads_per_child,
        )
    except InvalidSettings as error:
        yield problem("gpu", one_line(error.message), "give the process a GPU, or set WHISPER_DEVICE=cpu")
        return
    yield ok("gpu", f"computes on {hardware.device} in {hardware.compute_type}")
    model = settings.whisper_model or hardware.usual_model
    try:
        for finding in await asyncio.to_thread(lambda: list(_files(model, settings))):
            yield finding
    except (EngineUnavailable, InvalidSettings) as error:
        yield problem("models", one_line(error.message), "set WHISPER_MODEL, or TRANSCRIBER_ENGINE=pocketsphinx")


def _files(model: str, settings: TranscriberSettings) -> Iterator[Finding]:
    from services.transcriber.engines.whisper_files import is_folder, missing_files, repository_of  # noqa: PLC0415
    from services.transcriber.engines.whisper_hub import ask_hub, cached_snapshot, hub_cache  # noqa: PLC0415

    if is_folder(model):
        yield _in_folder(model)
        return
    repository = repository_of(model)
    cached = cached_snapshot(repository)
    if cached is not None and not missing_files(cached):
        yield ok("models", f"{repository} is in the cache at {hub_cache()}")
        return
    token = settings.huggingface_token
    ask_hub(repository, token=token.get_secret_value() if token is not None else None)
    yield warning("models", f"{repository} can be fetched and is not here yet", "nothing: the start fetches it")
    yield ok("token", "the hub accepts HUGGINGFACE_TOKEN" if token is not None else "none is needed")
    yield from hub_cache_findings()


def _in_folder(model: str) -> Finding:
    from services.transcriber.engines.whisper_files import folder_of, missing_files  # noqa: PLC0415

    folder = folder_of(model)
    if missing := missing_files(folder):
        what = f"{folder} lacks {', '.join(missing)}"
        return problem("models", what, "bring all files of the model there, or set WHISPER_MODEL to another")
    return ok("models", f"{folder} has all files")
