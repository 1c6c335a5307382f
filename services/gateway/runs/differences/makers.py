"""What two runs were made with."""

from collections.abc import Mapping

from pydantic import JsonValue

from libs.common.engine import EngineInfo
from services.gateway.schemas.comparison import EngineDifference, SettingDifference


def compare_engines(before: Mapping[str, EngineInfo], after: Mapping[str, EngineInfo]) -> dict[str, EngineDifference]:
    """Stages that both runs have passed, with other engines or models."""
    return {
        stage: EngineDifference(before=engine, after=after[stage])
        for stage, engine in before.items()
        if stage in after and after[stage] != engine
    }


def compare_settings(before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> dict[str, SettingDifference]:
    """What was asked for, where that differs."""
    return {
        name: SettingDifference(before=before.get(name), after=after.get(name))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    }
