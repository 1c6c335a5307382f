"""The settings of the summarizer."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from libs.common.personas import SHIPPED_PERSONAS
from libs.common.settings import ServiceSettings


class SummarizerSettings(ServiceSettings):
    """Read once, in `__main__`."""

    summarizer_engine: Literal["extractive", "openai"]
    """Who writes the minutes. A deployed service never chooses for itself."""

    personas_dir: Path = SHIPPED_PERSONAS
    """One YAML file per persona."""

    answer_lifetime: float = Field(default=24 * 3600.0, gt=0)
    """Seconds that an answer stays in Redis in front of the object store."""

    summarizer_processes: int = Field(default=1, ge=1)
    """Children that write minutes at the same time."""

    openai_api_key: SecretStr | None = None
    """Of OpenAI, or of a compatible server that wants one."""

    openai_base_url: str | None = None
    """Of a compatible server (vLLM, Ollama, llama.cpp), up to and with `/v1`; unset, OpenAI itself."""

    openai_model: str = Field(default="gpt-4o-mini", min_length=1)

    openai_timeout: float = Field(default=120.0, gt=0)
    """Seconds that the server may be silent, before its first word and between two."""

    openai_context_tokens: int | None = Field(default=None, ge=2048)
    """How much the model reads and writes in one call; unset, as known for the model, 4096 for an unknown one."""

    openai_answer_tokens: int | None = Field(default=None, ge=256)
    """The longest answer to one call; unset, as known for the model, a quarter of the context for an unknown one."""

    openai_section_tokens: int = Field(default=24_000, ge=256)
    """How much of a transcript one call reads at most: nearly an hour of English, counted from above."""

    openai_requests_per_minute: int | None = Field(default=None, ge=1)
    openai_tokens_per_minute: int | None = Field(default=None, ge=1)
    """What the account may send, all replicas together; unset, only pauses that the server asks for are shared."""

    openai_prices: Path = Path(__file__).parent / "prices.yaml"
    """What the tokens of each model cost."""

    prompts_dir: Path = Path(__file__).parent / "prompts"
    """What a remote model is told, one file for each purpose."""
