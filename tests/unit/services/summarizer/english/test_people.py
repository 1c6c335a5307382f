from services.summarizer.english.people import People
from services.summarizer.sentences import sentences
from tests.unit.services.summarizer.meetings import Lines, transcript


def people_of(
    *speakers: str, said: Lines = (), vocabulary: tuple[str, ...] = (), is_bare: bool = False
) -> dict[str, str]:
    return People.of(speakers, vocabulary, sentences(transcript(said, is_bare=is_bare))).display


def test_speakers_go_by_their_full_and_first_names() -> None:
    assert people_of("Anna Berg") == {"anna berg": "Anna Berg", "anna": "Anna Berg"}


def test_a_first_name_that_two_speakers_have_stays_a_first_name() -> None:
    assert people_of("Anna Berg", "Anna Dahl")["anna"] == "Anna"


def test_a_first_name_that_is_a_common_word_is_not_looked_for() -> None:
    assert people_of("Will") == {}


def test_whoever_is_addressed_or_written_with_a_capital_is_a_person() -> None:
    said = [("Ben", "So Carla, can you call them? I think Marie from sales will help. Customers will be happy.")]

    assert people_of(said=said) == {"carla": "Carla", "marie": "Marie"}


def test_a_name_in_lower_case_needs_the_vocabulary() -> None:
    said = [("Ben", "I heard that Marie will send the letter")]

    assert people_of(said=said, is_bare=True) == {}
    assert people_of(said=said, is_bare=True, vocabulary=("Marie",)) == {"marie": "Marie"}
