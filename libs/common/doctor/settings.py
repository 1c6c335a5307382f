"""Whether the settings are right."""

from collections.abc import Iterator

from pydantic_settings import BaseSettings

from libs.common.doctor.finding import Finding, ok, problem, warning
from libs.common.settings import misspelt_variables, setting_faults


def settings_findings(settings: type[BaseSettings]) -> Iterator[Finding]:
    """Every wrong, missing or misspelt variable."""
    wrong = setting_faults(settings)
    for fault in wrong:
        what, _, cure = fault.partition(": ")
        yield problem("settings", what, cure or "see docs/settings.md")
    for one in misspelt_variables(settings):
        yield warning("settings", f"{one.name} is set, and nobody reads it", f"is {one.meant} meant?")
    if not wrong:
        yield ok("settings", "all variables can be read")
