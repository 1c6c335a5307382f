"""The settings of the summarizer."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from libs.common.settings import ServiceSettings


class SummarizerSettings(ServiceSettings):
    """Read once, in `__main__`."""

    summarizer_engine: Literal["extractive", "openai"]
    """Who writes the minutes. A deployed service never chooses for itself."""

    personas_dir: Path = Path(__file__).parent / "personas"
    """One YAML file per persona."""

    answer_lifetime: float = Field(default=24 * 3600.0, gt=0)
    """Seconds that an answer stays in Redis in front of the object store."""

    summarizer_processes: int = Field(default=1, ge=1)
    """Children that write minutes at the same time."""
