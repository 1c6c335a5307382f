from services.summarizer.ranking import SECTION, most_central


def chosen(texts: list[str], count: int, weights: list[float] | None = None) -> list[int]:
    return most_central(texts, weights or [1.0] * len(texts), count, stop_words="english", report=lambda _: None)


BUDGET = [
    "the budget of the project is too small",
    "my dog sleeps all day",
    "the project needs a larger budget this year",
    "we discussed the budget of the project with the bank",
]


def test_sentences_that_share_their_words_with_many_are_chosen_in_their_order() -> None:
    assert 1 not in chosen(BUDGET, 3)
    assert chosen(BUDGET, 3) == sorted(chosen(BUDGET, 3))


def test_what_the_reader_cares_for_comes_first() -> None:
    assert chosen(BUDGET, 1, [1.0, 50.0, 1.0, 1.0]) == [1]


def test_a_sentence_is_not_chosen_twice() -> None:
    assert len(chosen(["the budget is too small", "the budget is too small", "a dog sleeps"], 3)) == 2


def test_a_weight_of_zero_leaves_a_sentence_out() -> None:
    assert chosen(BUDGET, 4, [1.0, 1.0, 0.0, 1.0]) == [0, 1, 3]


def test_nothing_but_stop_words_can_be_ranked() -> None:
    assert chosen(["we are the", "it is of"], 2) == [0, 1]


def test_a_long_meeting_is_ranked_in_sections_and_its_end_counts_as_much_as_its_beginning() -> None:
    texts = [f"filler number{index} about nothing{index % 7}" for index in range(5 * SECTION)]
    weights = [1.0] * len(texts)
    for index, text in ((3, "the contract about the harbour is signed"), (len(texts) - 2, "a new harbour needs money")):
        texts[index], weights[index] = text, 50.0

    assert chosen(texts, 2, weights) == [3, len(texts) - 2]
