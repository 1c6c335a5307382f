"""The engine as the settings describe it."""

from urllib.parse import urlsplit, urlunsplit

import openai

from libs.common.errors import InvalidSettings
from services.summarizer.budget import Budget, BudgetLimits
from services.summarizer.engines.openai.chat import Chat
from services.summarizer.engines.openai.dialect import Dialect
from services.summarizer.engines.openai.engine import OpenAIMinutes
from services.summarizer.engines.openai.models import capacity
from services.summarizer.engines.openai.prompts import load_prompts
from services.summarizer.prices import load_prices
from services.summarizer.settings import SummarizerSettings

OPENAI = "https://api.openai.com/v1"

_CONNECT_TIMEOUT = 10.0


def open_minutes(settings: SummarizerSettings) -> OpenAIMinutes:
    """The engine; the server is not asked for anything yet.

    Raises:
        InvalidSettings: There is neither a key nor another server, or a prompt is wrong.
    """
    server, key, model = server_of(settings), _key(settings), settings.openai_model
    prompts = load_prompts(settings.prompts_dir)
    client = open_client(settings)
    limits = BudgetLimits(requests=settings.openai_requests_per_minute, tokens=settings.openai_tokens_per_minute)
    budget = Budget.open(settings.redis_url, f"{server}\n{key}\n{model}", limits)
    dialect = Dialect(limit="max_tokens" if settings.openai_base_url else "max_completion_tokens")
    room = capacity(model, context_tokens=settings.openai_context_tokens, answer_tokens=settings.openai_answer_tokens)
    return OpenAIMinutes(
        Chat(client, model, budget=budget, prompts=prompts, dialect=dialect),
        prompts,
        load_prices(settings.openai_prices),
        room,
        model=model,
        server=server,
        section_tokens=settings.openai_section_tokens,
    )


def open_client(settings: SummarizerSettings) -> openai.OpenAI:
    """A client that repeats nothing by itself.

    Raises:
        InvalidSettings: There is neither a key nor another server.
    """
    return openai.OpenAI(
        api_key=_key(settings),
        base_url=settings.openai_base_url or OPENAI,
        max_retries=0,
        timeout=openai.Timeout(settings.openai_timeout, connect=_CONNECT_TIMEOUT),
    )


def server_of(settings: SummarizerSettings) -> str:
    """The address without a user and password."""
    parts = urlsplit(settings.openai_base_url or OPENAI)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


def _key(settings: SummarizerSettings) -> str:
    key = settings.openai_api_key.get_secret_value().strip() if settings.openai_api_key else ""
    if not key and settings.openai_base_url is None:
        raise InvalidSettings(
            "SUMMARIZER_ENGINE=openai needs OPENAI_API_KEY, or OPENAI_BASE_URL of a compatible server that wants none;"
            " SUMMARIZER_ENGINE=extractive needs neither"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidSettings("OPENAI_API_KEY has characters that no key has; was something else pasted?")
    return key or "none"
