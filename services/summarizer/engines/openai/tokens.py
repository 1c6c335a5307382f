"""Tokens, counted from above: without a model's vocabulary nobody knows them, and too many is the safe side."""

import math
import re

_PIECE = re.compile(
    r"(?P<letters>[A-Za-z]+)|(?P<marks>[!-/:-@\[-`{-~]+)|(?P<blank> )(?=\S)|(?P<other>[^\x00-\x7f]+)|[\x00-\x7f]"
)

LETTERS_PER_TOKEN = 3
"""English has about four and a half with the blank before a word; names and other languages in Latin letters less."""

MARKS_PER_TOKEN = 2
"""Quotation marks, colons and commas of JSON come in pairs."""

BYTES_PER_TOKEN = 2
"""Of other scripts, in UTF-8: a token for each letter of Cyrillic or Greek, three for two characters of Chinese."""

CHARACTERS_AT_MOST = 12
"""No vocabulary packs more characters of prose and JSON into a token, on average over a whole prompt."""


def most_tokens(text: str) -> int:
    """How many tokens a text has at most, for the vocabularies in use."""
    total = 0
    for piece in _PIECE.finditer(text):
        if piece["letters"]:
            total += math.ceil(len(piece["letters"]) / LETTERS_PER_TOKEN)
        elif piece["marks"]:
            total += math.ceil(len(piece["marks"]) / MARKS_PER_TOKEN)
        elif piece["other"]:
            total += math.ceil(len(piece["other"].encode()) / BYTES_PER_TOKEN)
        elif not piece["blank"]:  # a blank belongs to the word after it
            total += 1
    return total


def fewest_tokens(text: str) -> int:
    """How many tokens a text has at least: a server that counts fewer has not read it all."""
    return len(text) // CHARACTERS_AT_MOST
