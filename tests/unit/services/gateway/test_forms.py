"""The fields of the forms."""

import datetime

import pytest

from services.gateway.errors import InvalidRequest
from services.gateway.schemas.forms import EnrolmentForm, MeetingForm, read_fields

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
PERSONAS = ("engineer", "executive")


def meeting(**fields: list[str]) -> MeetingForm:
    return read_fields(MeetingForm, fields, personas=PERSONAS)


def faults(**fields: list[str]) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        meeting(**fields)
    return {one.field: one.message for one in caught.value.errors}


def test_without_fields_the_stages_decide() -> None:
    request = meeting().request(accepted_at=NOW)
    assert (request.title, request.language, request.personas) == (None, None, ("executive",))
    assert request.recorded_at == NOW


def test_empty_fields_are_no_fields() -> None:
    assert meeting(title=["  "], language=[""], num_speakers=[""], personas=[""], vocabulary=[","]) == meeting()


def test_lists_are_repeated_or_separated_by_commas() -> None:
    form = meeting(vocabulary=["Hansard, pgvector", "Ana\nLindqvist", "Hansard"], personas=["engineer,executive"])
    assert form.vocabulary == ("Hansard", "pgvector", "Ana", "Lindqvist")
    assert form.personas == ("engineer", "executive")


@pytest.mark.parametrize(("tag", "language"), [("en", "en"), ("en-US", "en"), ("DE_at", "de"), ("zh-Hant-TW", "zh")])
def test_a_language_may_have_a_region(tag: str, language: str) -> None:
    assert meeting(language=[tag]).language == language


@pytest.mark.parametrize("tag", ["german", "e", "en-", "en US"])
def test_what_is_no_language_code_is_told_what_one_is(tag: str) -> None:
    assert faults(language=[tag]) == {"language": "use a code such as en, de or fr"}


def test_the_time_of_the_meeting_keeps_its_zone() -> None:
    request = meeting(recorded_at=["2026-03-01T10:00:00+02:00"]).request(accepted_at=NOW)
    assert request.recorded_at is not None
    assert request.recorded_at.utcoffset() == datetime.timedelta(hours=2)


def test_an_unknown_persona_is_told_which_there_are() -> None:
    assert "engineer, executive" in next(iter(faults(personas=["janitor"]).values()))


@pytest.mark.parametrize("num", ["0", "101", "2.5", "two"])
def test_numbers_of_voices_have_bounds(num: str) -> None:
    assert list(faults(num_speakers=[num])) == ["num_speakers"]


def test_an_exact_number_excludes_a_range() -> None:
    found = faults(num_speakers=["3"], max_speakers=["4"])
    assert found == {"speaker_bounds": "num_speakers excludes min_speakers and max_speakers"}


def test_all_faults_are_listed_at_once() -> None:
    found = faults(personas=["nobody"], min_speakers=["5"], max_speakers=["2"])
    assert set(found) == {"personas", "speaker_bounds"}


def test_a_wrong_number_is_not_blamed_on_the_bounds() -> None:
    assert list(faults(min_speakers=["0"], max_speakers=["2"])) == ["min_speakers"]


def test_misspelt_fields_are_named() -> None:
    assert faults(titel=["x"]) == {"titel": "there is no such field"}


def test_equal_names_are_written_equally() -> None:
    composed = read_fields(EnrolmentForm, {"name": ["Zoë  \u00a0Ünal"]})
    decomposed = read_fields(EnrolmentForm, {"name": ["Zoe\u0308 U\u0308nal"]})
    assert composed.name == decomposed.name == "Zoë Ünal"


@pytest.mark.parametrize("name", ["", "a\x00b", "x" * 201])
def test_a_name_can_be_stored_and_shown(name: str) -> None:
    with pytest.raises(InvalidRequest):
        read_fields(EnrolmentForm, {"name": [name]})
