"""A vocabulary in the order of OpenAI's multilingual Whisper, with made-up words in place of its own."""

from itertools import product

from faster_whisper.tokenizer import _LANGUAGE_CODES as LANGUAGE_CODES
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

NUM_TEXT_TOKENS = 50_257
"""Before `<|endoftext|>`."""

END = NUM_TEXT_TOKENS
START = END + 1
ENGLISH = START + 1

_NUM_TIMESTAMPS = 1501
_SPACE = "Ġ"
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


def special_tokens(num_languages: int) -> list[str]:
    """What comes after the text tokens; times are the last."""
    return [
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{code}|>" for code in _languages()[:num_languages]),
        *("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
        *(f"<|{0.02 * step:.2f}|>" for step in range(_NUM_TIMESTAMPS)),
    ]


def _languages() -> list[str]:
    """English first; Cantonese, which only `large-v3` knows, last."""
    return sorted(LANGUAGE_CODES, key=lambda code: (code != "en", code == "yue"))


def text_tokens() -> list[str]:
    """Bytes, words that begin with a space, and the empty token by which CTranslate2 knows a multilingual model."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    syllables = ["".join(pair) for pair in product(_CONSONANTS, _VOWELS)]
    words = (_SPACE + "".join(one) for one in product(syllables, repeat=3))
    return [*alphabet, *(next(words) for _ in range(NUM_TEXT_TOKENS - len(alphabet) - 1)), ""]


def build_tokenizer(tokens: list[str], specials: list[str]) -> Tokenizer:
    """Reads every token as its text; it splits text into bytes only."""
    tokenizer = Tokenizer(models.BPE(vocab={token: index for index, token in enumerate(tokens)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(specials)
    return tokenizer
