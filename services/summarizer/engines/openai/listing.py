"""The models that a server lists; asked by the doctor, because it is free and needs the key."""

from dataclasses import dataclass

import openai

from libs.common.errors import EngineUnavailable, PipelineError
from services.summarizer.engines.openai.errors import KeyRejected
from services.summarizer.engines.openai.failures import failure
from services.summarizer.engines.openai.setup import open_client, server_of
from services.summarizer.settings import SummarizerSettings

_TIMEOUT = 5.0


@dataclass(frozen=True)
class Listing:
    """What a server says that it has."""

    server: str
    has_key: bool
    models: frozenset[str]


class KeyRefused(PipelineError):
    """The server answers, and does not take the key."""


class ModelsUnlisted(PipelineError):
    """The server answers, and keeps no list."""


def listed_models(settings: SummarizerSettings) -> Listing:
    """Ask once.

    Raises:
        InvalidSettings: The settings are wrong.
        KeyRefused: The key is.
        ModelsUnlisted: The server keeps no list.
        EngineUnavailable: It does not answer.
    """
    client, server = open_client(settings), server_of(settings)
    try:
        models = frozenset(one.id for one in client.with_options(timeout=_TIMEOUT).models.list())
    except openai.OpenAIError as error:
        reason = failure(error, model=settings.openai_model)
        if isinstance(reason, KeyRejected):
            raise KeyRefused(f"{server} rejects OPENAI_API_KEY") from None
        if isinstance(error, openai.APIStatusError) and error.status_code in {404, 405, 501}:
            raise ModelsUnlisted(f"{server} answers and lists no models") from None
        text = reason.message if isinstance(reason, PipelineError) else reason.said
        raise EngineUnavailable(text) from None
    return Listing(server, has_key=settings.openai_api_key is not None, models=models)
