"""Two meetings of two minutes: everything that matters is found, and nothing else, from both kinds of transcript."""

import datetime
from pathlib import Path
from typing import Literal

import pytest
import yaml

from libs.common.minutes import Findings
from libs.common.speech import Word
from libs.common.transcript import Transcript, Utterance
from services.summarizer.engines import MinutesRequest
from services.summarizer.engines.extractive import Extractive
from tests.unit.services.summarizer.meetings import PERSONAS, minutes_of

OFFICE_MOVE = Path(__file__).parent / "office_move.yaml"
PLANNING = Path(__file__).parents[4] / "samples/planning/scenario.yaml"


def office_move(form: Literal["written", "heard"]) -> Findings:
    meeting = yaml.safe_load(OFFICE_MOVE.read_text("utf-8"))
    strangers = {name: f"SPEAKER_{number:02d}" for number, name in enumerate(meeting["strangers"])}
    utterances: list[Utterance] = []
    for number, one in enumerate(meeting["utterances"], start=1):
        heard = [Word(text=text, start=start, end=end, probability=1) for text, start, end in one["heard"]]
        text = one["written"] if form == "written" else " ".join(word.text for word in heard)
        utterances.append(
            Utterance(
                id=f"u{number}",
                label=one["speaker"],
                start=heard[0].start,
                end=heard[-1].end,
                text=text,
                words=tuple(heard),
            )
        )
    names = {one.label: strangers.get(one.label, one.label) for one in utterances}
    request = MinutesRequest(
        persona=PERSONAS.get("project_manager"),
        transcript=Transcript(language="en", utterances=tuple(utterances)),
        names={label: name for label, name in names.items() if label not in strangers},
        day=meeting["day"],
    )
    return Extractive().find(request)


@pytest.mark.parametrize("form", ["written", "heard"])
def test_the_office_move_has_its_decisions_and_open_questions(form: Literal["written", "heard"]) -> None:
    found = office_move(form)

    assert [one.evidence[0] for one in found.decisions] == ["u9", "u26"]
    assert [one.evidence[0] for one in found.open_questions] == ["u19", "u19", "u27", "u30"]


def test_the_office_move_has_its_action_items() -> None:
    assert [(one.assignee, one.task, str(one.due)) for one in office_move("written").action_items] == [
        ("Julia", "Tell the landlord", "2026-05-13"),
        ("Julia", "Sign the lease", "2026-05-31"),
        ("Karen", "Check the network cables before we move in", "2026-05-22"),
        ("Robert", "Ask three moving companies for an offer", "None"),
        ("Marie", "Send a letter to all customers", "2026-07-01"),
        ("Tom", "Write a short text for the intranet", "2026-05-14"),
        ("Julia", "Ask the landlord about it", "None"),
    ]


def test_the_office_move_as_it_was_heard_lacks_only_what_a_name_in_lower_case_hides() -> None:
    assert [(one.assignee, str(one.due)) for one in office_move("heard").action_items] == [
        ("Julia", "2026-05-13"),
        ("Julia", "2026-05-31"),
        ("Karen", "2026-05-22"),
        ("Robert", "None"),
        ("Tom", "2026-05-14"),
        ("Julia", "None"),
    ]


@pytest.mark.parametrize("is_bare", [False, True])
def test_the_sample_meeting_has_its_decisions_action_items_and_open_questions(is_bare: bool) -> None:
    scenario = yaml.safe_load(PLANNING.read_text("utf-8"))
    lines = [(speaker, text.replace(". ", ". | ")) for speaker, _, text in scenario["utterances"]]

    found = minutes_of(lines, is_bare=is_bare, day=datetime.date(2026, 3, 4))

    assert [one.text.replace(",", "") for one in found.decisions] == [
        "We have decided to release on the twentieth of March without the payment page",
        "We also agreed to meet every Tuesday until the release",
    ]
    assert [(one.assignee, one.task, one.due and one.due.day) for one in found.action_items] == [
        ("Julia", "Finish the test report", 11),
        ("Julia", "Send the contract to the supplier", 6),
        ("Mark", "Talk to the bank first", None),
        ("David", "Call the three largest customers", 5),
        ("David", "Prepare a letter to our customers", 9),
        ("David", "Show you the first draft", 5),
    ]
    assert [" ".join(one.text.split()[:4]) for one in found.open_questions] == [
        "Who will pay for",
        "How many people will",
        "What happens if the",
    ]
