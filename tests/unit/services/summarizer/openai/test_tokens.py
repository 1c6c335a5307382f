import pytest

from services.summarizer.engines.openai.tokens import fewest_tokens, most_tokens

MEASURED = [
    ("The quick brown fox jumps over the lazy dog.", 10),
    ("Wir haben beschlossen, den Bericht bis Freitag zu schicken.", 14),
    ("Мы решили отправить отчёт до пятницы.", 17),
    ("我们决定在星期五之前把报告寄出去。", 22),
    ('{"id": "u0001", "speaker": "Anna", "text": "Yes."}', 21),
    ("1234567890", 10),
]
"""Texts, and their tokens by the greediest vocabulary in use that is known (cl100k; digits as Llama has them)."""


@pytest.mark.parametrize(("text", "tokens"), MEASURED)
def test_tokens_are_counted_from_above_and_from_below(text: str, tokens: int) -> None:
    assert fewest_tokens(text) <= tokens <= most_tokens(text)


@pytest.mark.parametrize("text", [one for one, _ in MEASURED])
def test_a_count_is_not_much_too_high(text: str) -> None:
    assert most_tokens(text) <= max(10, len(text.encode()) // 2 + 5)


def test_blanks_count_where_they_stand_alone() -> None:
    assert most_tokens("a b c") == 3
    assert most_tokens("a     b") > most_tokens("a b")
