from services.transcriber.engines.hotwords import MOST_TOKENS, distinct_terms, fitting_terms, joined


def _one_token_a_letter(text: str) -> int:
    return len(text)


def test_terms_are_told_in_order_and_once() -> None:
    terms = distinct_terms(["Hansard", " Ana  Lima ", "Hansard", ""])

    assert joined(fitting_terms(terms, _one_token_a_letter)) == "Hansard, Ana Lima"


def test_as_many_terms_as_fit_are_taken_in_order() -> None:
    terms = [f"term{n:04d}" for n in range(100)]

    fitting = fitting_terms(terms, _one_token_a_letter)

    assert list(fitting) == terms[: len(fitting)]
    assert MOST_TOKENS - 10 < len(joined(fitting)) <= MOST_TOKENS


def test_a_term_that_is_an_order_to_whisper_is_mere_text() -> None:
    assert distinct_terms(["<|endoftext|>", "Acme <|nospeech|> Ltd", "a < b"]) == ["Acme Ltd", "a < b"]
