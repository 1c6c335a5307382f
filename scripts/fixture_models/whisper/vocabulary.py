"""The model's tokens: its own small byte-pair encoding, then Whisper's special tokens and times."""

from collections.abc import Iterable
from typing import NamedTuple

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from scripts.fixture_models.whisper.speech import Timed

SECONDS_PER_TIME_TOKEN = 0.02
_NUM_TIMES = 1501
_NUM_TEXT_TOKENS = 1024
_SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)


class TimedToken(NamedTuple):
    """A token and when it is heard, seconds."""

    token: int
    start: float
    end: float


class Vocabulary:
    """Text to tokens. Text tokens come first and times last: faster-whisper relies on both."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.end, self.start, _, _, _, _, self.previous, self.no_speech, self.no_times = map(self._id, _SPECIAL)
        self.first_time = self.no_times + 1
        self.space = self.encode(" ")[0]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Vocabulary":
        """Tokens that suit the texts."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=_NUM_TEXT_TOKENS,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator([f" {text}" for text in texts], trainer)
        times = [f"<|{index * SECONDS_PER_TIME_TOKEN:.2f}|>" for index in range(_NUM_TIMES)]
        tokenizer.add_special_tokens([AddedToken(name, special=True) for name in (*_SPECIAL, *times)])
        return cls(tokenizer)

    def _id(self, name: str) -> int:
        found = self.tokenizer.token_to_id(name)
        assert found is not None
        return found

    def __len__(self) -> int:
        return int(self.tokenizer.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """Tokens of a text."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def time(self, seconds: float) -> int:
        """The token of a time within the window."""
        return self.first_time + min(_NUM_TIMES - 1, max(0, round(seconds / SECONDS_PER_TIME_TOKEN)))

    def spell(self, word: Timed) -> list[TimedToken]:
        """A word's tokens, each with its share of the word's time."""
        tokens = self.encode(f" {word.text}")
        lengths = [max(1, len(self.tokenizer.decode([token]).strip())) for token in tokens]
        seconds_per_letter = (word.end - word.start) / sum(lengths)
        start = word.start
        spelled = []
        for token, length in zip(tokens, lengths, strict=True):
            end = start + length * seconds_per_letter
            spelled.append(TimedToken(token, start, end))
            start = end
        return spelled
