"""The settings of the summarizer."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from libs.common.personas import SHIPPED_PERSONAS
from libs.common.settings import Count, PerMinute, PortNumber, Seconds, ServiceSettings, Tokens, WebAddress


class SummarizerSettings(ServiceSettings):
    """Read once, in `__main__`."""

    port: PortNumber = Field(default=8004, ge=0, le=65535)
    """Port to listen on; 0 takes any that is free."""

    summarizer_engine: Literal["extractive", "openai"]
    """Who writes the minutes. A deployed service never chooses for itself."""

    personas_dir: Path = SHIPPED_PERSONAS
    """One YAML file per persona."""

    answer_lifetime: Seconds = Field(default=24 * 3600.0, gt=0)
    """How long an answer stays in Redis in front of the object store."""

    summarizer_processes: Count = Field(default=1, ge=1)
    """Children that write minutes at the same time; a remote model takes four or more."""

    openai_api_key: SecretStr | None = None
    """Of OpenAI, or of a compatible server that wants one."""

    openai_base_url: WebAddress | None = None
    """Of a compatible server (vLLM, Ollama, llama.cpp), up to and with `/v1`; unset, OpenAI itself."""

    openai_model: str = Field(default="gpt-4o-mini", min_length=1)
    """The model that writes the minutes, as its server names it."""

    openai_timeout: Seconds = Field(default=120.0, gt=0)
    """How long the server may be silent, before its first word and between two."""

    openai_context_tokens: Tokens | None = Field(default=None, ge=2048)
    """How much the model reads and writes in one call; unset, as known for the model, 4096 for an unknown one.
    Ollama calls it `OLLAMA_CONTEXT_LENGTH`, vLLM `--max-model-len`, llama.cpp `--ctx-size`."""

    openai_answer_tokens: Tokens | None = Field(default=None, ge=256)
    """The longest answer to one call; unset, as known for the model, a quarter of the context for an unknown one."""

    openai_section_tokens: Tokens = Field(default=24_000, ge=256)
    """How much of a transcript one call reads at most: nearly an hour of English, counted from above."""

    openai_requests_per_minute: PerMinute | None = Field(default=None, ge=1)
    """Calls that the account may make, all replicas together; unset, only pauses that the server wants are shared."""

    openai_tokens_per_minute: PerMinute | None = Field(default=None, ge=1)
    """Tokens that the account may send, all replicas together; unset, as for the calls."""

    openai_prices: Path = Path(__file__).parent / "prices.yaml"
    """What the tokens of each model cost."""

    prompts_dir: Path = Path(__file__).parent / "prompts"
    """What a remote model is told: `section.md`, `merge.md`, `schema.md`, `repair.md`."""
