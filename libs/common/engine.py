"""What a result says about the engine that made it."""

from pydantic import Field

from libs.common.speech import Frozen


class EngineInfo(Frozen):
    """Name of an engine and of the models it used, as results, logs and metrics show them."""

    name: str
    """As in the settings: `embedded`, `pocketsphinx`, `extractive`, …"""

    models: dict[str, str] = Field(default_factory=dict)
    """Role → model name and revision, for example `{"embedding": "resemblyzer@0.1.4"}`."""
