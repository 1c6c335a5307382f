from pathlib import Path

import pytest

from libs.common.errors import InvalidSettings
from libs.common.personas import SHIPPED_PERSONAS, UnknownPersona, load_personas

GOOD = """
title: For the lawyer
description: What binds whom.
instructions: List what was promised in writing.
parts: [decisions, summary]
"""


def test_the_three_shipped_personas_can_be_read() -> None:
    assert load_personas(SHIPPED_PERSONAS).ids == ("engineer", "executive", "project_manager")


def test_a_new_file_is_a_new_persona(tmp_path: Path) -> None:
    (tmp_path / "lawyer.yaml").write_text(GOOD)

    assert load_personas(tmp_path).get("lawyer").title == "For the lawyer"


def test_an_unknown_persona_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(UnknownPersona, match=r"'poet'.*executive"):
        load_personas(SHIPPED_PERSONAS).get("poet")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD.replace("title", "titel"), "title"),
        (GOOD + "sumary: yes\n", "sumary"),
        (GOOD.replace("[decisions, summary]", "[poems]"), "parts"),
        (GOOD + "extraction: {summary_sentences: 0}\n", "summary_sentences"),
        ("just text", "cannot be read"),
        ("a: [", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_a_wrong_file_stops_the_start_with_its_name_and_reason(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "lawyer.yaml").write_text(text)

    with pytest.raises(InvalidSettings, match=rf"lawyer\.yaml.*{reason}"):
        load_personas(tmp_path)


def test_a_folder_without_personas_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"no persona.*PERSONAS_DIR"):
        load_personas(tmp_path)


def test_the_digest_changes_with_the_content_only(tmp_path: Path) -> None:
    path = tmp_path / "lawyer.yaml"
    path.write_text(GOOD)
    first = load_personas(tmp_path).get("lawyer").digest
    path.write_text(f"# a comment\n{GOOD}")
    commented = load_personas(tmp_path).get("lawyer").digest
    path.write_text(GOOD.replace("in writing", "aloud"))

    assert commented == first
    assert load_personas(tmp_path).get("lawyer").digest != first
