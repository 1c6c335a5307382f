"""Where models of the Hugging Face hub are kept on this machine."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from libs.common.doctor.finding import Finding, problem
from libs.common.doctor.machine import disk_finding

_NEEDED_BYTES = 5 * 2**30


def hub_cache_findings(needed_bytes: int = _NEEDED_BYTES) -> Iterator[Finding]:
    """Whether a model can be written there."""
    try:
        from huggingface_hub import constants  # noqa: PLC0415 - only services with such models have it
    except ImportError:
        yield problem("models disk", "the package huggingface_hub is missing", "install the requirements again")
        return
    cache = Path(constants.HF_HUB_CACHE)
    there = next(one for one in (cache, *cache.parents) if one.exists())
    yield disk_finding("models disk", there, shutil.disk_usage(there).free, needed_bytes)
