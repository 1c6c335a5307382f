"""What the summarizer needs beside what every service does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import assert_never

from libs.common.doctor.checking import Check, one_line
from libs.common.doctor.finding import Finding, ok, problem, unknown, warning
from libs.common.doctor.machine import Needs, machine_check
from libs.common.doctor.packages import packages
from libs.common.errors import InvalidSettings
from libs.common.personas import load_personas
from services.summarizer.settings import SummarizerSettings

_INSTALL = "pip install -c constraints.txt -r services/summarizer/requirements.txt"
_BYTES_PER_PROCESS = 384 * 2**20


def checks(settings: SummarizerSettings) -> Sequence[Check]:
    """Personas, the engine, its server and the machine."""
    processes = settings.summarizer_processes
    cores = processes if settings.summarizer_engine == "extractive" else 1  # the other ones wait for a server
    common = (
        Check("personas", partial(_personas, settings)),
        machine_check(Needs(memory_bytes=processes * _BYTES_PER_PROCESS, cores=cores)),
    )
    match settings.summarizer_engine:
        case "extractive":
            return (Check("engine", _extractive), *common)
        case "openai":
            return (Check("engine", _openai), Check("model server", partial(_server, settings)), *common)
        case _:
            assert_never(settings.summarizer_engine)


async def _personas(settings: SummarizerSettings) -> AsyncIterator[Finding]:
    try:
        yield ok("personas", ", ".join(load_personas(settings.personas_dir).ids))
    except InvalidSettings as error:
        yield problem("personas", one_line(error.message), "correct the file, or set PERSONAS_DIR")


async def _extractive() -> AsyncIterator[Finding]:
    for finding in packages("extractive", ("scikit-learn", "networkx"), _INSTALL):
        yield finding


async def _openai() -> AsyncIterator[Finding]:
    for finding in packages("openai", ("openai",), _INSTALL):
        yield finding


async def _server(settings: SummarizerSettings) -> AsyncIterator[Finding]:
    """Asks for the list of models: it costs nothing, and shows whether the key is taken."""
    from services.summarizer.engines.openai.listing import KeyRefused, ModelsUnlisted, listed_models  # noqa: PLC0415

    try:
        listing = await asyncio.to_thread(listed_models, settings)
    except InvalidSettings as error:
        yield problem("model server", one_line(error.message), "set OPENAI_API_KEY or OPENAI_BASE_URL")
    except KeyRefused as error:
        yield problem("model server", one_line(error.message), "set OPENAI_API_KEY to a valid key")
    except ModelsUnlisted as error:
        yield unknown("model server", one_line(error.message), "try a short meeting")
    else:
        is_listed = settings.openai_model in listing.models
        yield ok(
            "model server", f"{listing.server} accepts the key" if listing.has_key else f"{listing.server} answers"
        )
        yield (
            ok("model", f"{settings.openai_model} is there")
            if is_listed
            else warning("model", f"{settings.openai_model} is not in its list", "set OPENAI_MODEL to one that it has")
        )
