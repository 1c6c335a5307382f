"""The page of the settings, and what each setting has to say for it."""

import pytest

from cli.settings import LocalSettings
from libs.common.setting_faults import misspelt
from libs.common.setting_fields import Variable, variables_of
from scripts.settings_page.__main__ import PAGE
from scripts.settings_page.page import page
from scripts.settings_page.purposes import purpose_of
from scripts.settings_page.sources import READERS, SERVICES, entries

_VARIABLES = [pytest.param(one.variable, id=f"{one.readers[0]}-{one.variable.name}") for one in entries()]


def test_the_page_is_what_the_settings_say() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m scripts.settings_page"


@pytest.mark.parametrize("variable", _VARIABLES)
def test_every_setting_has_a_description(variable: Variable) -> None:
    assert variable.description.endswith("."), f"{variable.name} needs a docstring of one or two sentences"


@pytest.mark.parametrize("variable", _VARIABLES)
def test_every_number_has_a_unit_or_is_a_count(variable: Variable) -> None:
    assert (variable.unit is not None) == variable.kind.endswith("number"), f"{variable.name}: see libs/common/settings"


@pytest.mark.parametrize("variable", _VARIABLES)
def test_every_setting_has_a_purpose(variable: Variable) -> None:
    assert purpose_of(variable.name).title != "Other", f"{variable.name}: see scripts/settings_page/purposes.py"


def test_what_a_person_on_one_machine_sets_is_on_the_page_too() -> None:
    named = {one.variable.name for one in entries()}
    assert named.issuperset(variable.name for variable in variables_of(LocalSettings))


@pytest.mark.parametrize("service", SERVICES)
def test_no_variable_of_another_service_is_taken_for_a_misspelt_one(service: str) -> None:
    every = {one.name for settings in READERS.values() for one in variables_of(settings)}
    assert misspelt(SERVICES[service], every) == []
