"""WER on examples that can be worked out by hand."""

from libs.common.scoring.words import Edit, WordErrors, align_words, count_errors


def errors(reference: str, hypothesis: str) -> WordErrors:
    return count_errors(align_words(reference.split(), hypothesis.split()))


def test_the_same_words_have_no_errors() -> None:
    assert errors("we ship on friday", "we ship on friday") == WordErrors(words=4)


def test_substitutions_deletions_and_insertions_count_once_each() -> None:
    counted = errors("we ship on friday who tests it", "we really ship at friday who it")
    assert counted == WordErrors(words=7, substitutions=1, deletions=1, insertions=1)
    assert (counted.errors, counted.rate) == (3, 3 / 7)


def test_nothing_heard_costs_every_word_and_nothing_said_has_no_rate() -> None:
    assert errors("we ship", "").rate == 1.0
    assert errors("", "we ship") == WordErrors(insertions=2)
    assert errors("", "we ship").rate is None


def test_edits_cover_both_rows_in_order() -> None:
    edits = align_words(["a", "b", "c"], ["a", "x", "y", "c"])
    assert edits[0] == Edit("equal", slice(0, 1), slice(0, 1))
    assert edits[-1] == Edit("equal", slice(2, 3), slice(3, 4))
    assert sum(one.reference.stop - one.reference.start for one in edits) == 3
    assert sum(one.hypothesis.stop - one.hypothesis.start for one in edits) == 4


def test_totals_add_words_not_rates() -> None:
    assert (WordErrors(words=90, deletions=9) + WordErrors(words=10, insertions=10)).rate == 0.19
