"""Every variable that a part of Hansard reads, and who reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pydantic_settings import BaseSettings

from cli.settings import ClientSettings, LocalSettings
from libs.common.setting_fields import Variable, variables_of
from services.diarizer.settings import DiarizerSettings
from services.gateway.settings import GatewaySettings
from services.normalizer.settings import NormalizerSettings
from services.summarizer.settings import SummarizerSettings
from services.transcriber.settings import TranscriberSettings

SERVICES: Mapping[str, type[BaseSettings]] = MappingProxyType(
    {
        "gateway": GatewaySettings,
        "normalizer": NormalizerSettings,
        "diarizer": DiarizerSettings,
        "transcriber": TranscriberSettings,
        "summarizer": SummarizerSettings,
    }
)

_SUPERVISOR = "hansard up"

READERS: Mapping[str, type[BaseSettings]] = MappingProxyType(
    {**SERVICES, _SUPERVISOR: LocalSettings, "hansard": ClientSettings}
)


@dataclass(frozen=True)
class Entry:
    """A variable as some readers understand it; those that describe it in other words have an entry each."""

    variable: Variable
    by_reader: Mapping[str, Variable]
    """They may have different defaults."""

    @property
    def readers(self) -> Sequence[str]:
        return list(self.by_reader)


def entries() -> Sequence[Entry]:
    """All variables of the services, and those that only the commands read."""
    found: dict[tuple[str, str], dict[str, Variable]] = {}
    for reader, settings in READERS.items():
        for variable in variables_of(settings):
            if reader == _SUPERVISOR and any(name == variable.name for name, _ in found):
                continue  # it hands this on to the services, which say what it is
            found.setdefault((variable.name, variable.description), {})[reader] = variable
    return [Entry(next(iter(by_reader.values())), by_reader) for by_reader in found.values()]
