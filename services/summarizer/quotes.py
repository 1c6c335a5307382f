"""How minutes quote the transcript."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.summarizer.english.cues import filler_length, is_question
from services.summarizer.english.denials import denials
from services.summarizer.english.people import People
from services.summarizer.sentences import Sentence


@dataclass(frozen=True)
class Quotes:
    """Writes sentences under the names of their speakers."""

    people: People
    speakers: Mapping[str, str]
    """Label → what minutes call the speaker."""

    is_english: bool

    def asks(self, sentence: Sentence) -> bool:
        """Whether a sentence is a question, as far as the language is known."""
        return is_question(sentence, self.people.pattern) if self.is_english else sentence.is_asked

    def is_denied(self, said: Sequence[Sentence], index: int) -> bool:
        """Whether a sentence is denied soon after, as far as the language is known."""
        return self.is_english and bool(denials(said, index, self.people.pattern))

    def sentence(self, sentence: Sentence) -> str:
        """One sentence with a capital and a mark at its end."""
        text = self._readable(sentence)
        if text.endswith(("?", "!", "…")):
            return text
        return f"{text}?" if self.asks(sentence) else f"{text}."

    def attributed(self, sentence: Sentence) -> str:
        """One sentence with its speaker."""
        return f"{self.speakers[sentence.label]}: {self._readable(sentence)}"

    def lines(self, said: Iterable[Sentence]) -> str:
        """Sentences in their order, one line for all that a speaker says in a row."""
        lines: list[str] = []
        previous: str | None = None
        for sentence in said:
            if sentence.label == previous:
                lines[-1] = f"{lines[-1]} {self.sentence(sentence)}"
            else:
                lines.append(f"{self.speakers[sentence.label]}: {self.sentence(sentence)}")
            previous = sentence.label
        return "\n".join(lines)

    def _readable(self, sentence: Sentence) -> str:
        has_fillers = self.is_english and sentence.is_bare
        start = filler_length(sentence.plain) if has_fillers else 0
        return self.people.reads(sentence.excerpt(start, len(sentence.plain)) or sentence.text)
