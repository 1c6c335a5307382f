"""Lists of words, written as text."""


def words(text: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(text.split())


def one_of(text: str) -> str:
    """A regular expression that matches one of the words of a text."""
    return f"(?:{'|'.join(text.split())})"
