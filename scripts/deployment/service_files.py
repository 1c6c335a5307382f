"""The services that are deployed, their settings, and where their files are."""

from dataclasses import dataclass
from pathlib import Path

from libs.common.setting_fields import variable_names
from libs.common.settings import ServiceSettings
from services.diarizer.settings import DiarizerSettings
from services.gateway.settings import GatewaySettings
from services.normalizer.settings import NormalizerSettings
from services.summarizer.settings import SummarizerSettings
from services.transcriber.settings import TranscriberSettings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Service:
    """One of the five."""

    name: str
    settings: type[ServiceSettings]
    root: Path = ROOT

    @property
    def folder(self) -> Path:
        return self.root / "services" / self.name

    @property
    def dockerfile(self) -> Path:
        return self.folder / "Dockerfile"

    @property
    def railway(self) -> Path:
        """The gateway's lies in the root: what Railway takes for a service that names no file."""
        return (self.root if self.name == "gateway" else self.folder) / "railway.toml"

    @property
    def variables(self) -> frozenset[str]:
        """What it reads from its environment."""
        fields = self.settings.model_fields.items()
        return frozenset(variable for name, field in fields for variable in variable_names(name, field))

    @property
    def grace(self) -> float:
        """Seconds that work in hand may go on after SIGTERM, unless the environment says otherwise."""
        return float(self.settings.model_fields["grace"].default)


def services(root: Path = ROOT) -> tuple[Service, ...]:
    """All five, with their files below `root`."""
    return (
        Service("gateway", GatewaySettings, root),
        Service("normalizer", NormalizerSettings, root),
        Service("diarizer", DiarizerSettings, root),
        Service("transcriber", TranscriberSettings, root),
        Service("summarizer", SummarizerSettings, root),
    )
