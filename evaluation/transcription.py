"""WER and cpWER by meeteval, after Whisper's text normalization."""

from collections.abc import Iterable

from meeteval.wer.wer.cp import cp_word_error_rate
from meeteval.wer.wer.error_rate import ErrorRate
from meeteval.wer.wer.siso import siso_word_error_rate
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from evaluation.recordings import text_of
from libs.common.scoring.words import WordErrors
from libs.common.transcript import Utterance

_english = EnglishTextNormalizer()
_any_language = BasicTextNormalizer()


def normalize(text: str, *, language: str | None = "en") -> str:
    """Lower case, no punctuation; for English also numbers as digits, contractions written out, no "um"."""
    plain = text.replace("’", "'")  # the normalizer knows contractions only with the typewriter's apostrophe
    return str((_english if language == "en" else _any_language)(plain)).strip()


def word_errors(reference: str, hypothesis: Iterable[Utterance], *, language: str | None = "en") -> WordErrors:
    """Count the errors of WER: the words of the whole meeting in order of the utterances' starts, whoever says them."""
    said, heard = normalize(reference, language=language), normalize(text_of(hypothesis), language=language)
    result = siso_word_error_rate(said, heard)
    return _counted(result)


def speaker_word_errors(
    reference: Iterable[Utterance], hypothesis: Iterable[Utterance], *, language: str | None = "en"
) -> WordErrors:
    """Count the errors of cpWER (Watanabe et al. 2020): each speaker's words in a row, under the best assignment."""
    result = cp_word_error_rate(
        _streams(reference, language), _streams(hypothesis, language), reference_sort=False, hypothesis_sort=False
    )
    return _counted(result)


def _streams(utterances: Iterable[Utterance], language: str | None) -> dict[str, str]:
    """Speaker → all that they say."""
    every = list(utterances)
    labels = dict.fromkeys(one.label for one in every)
    return {label: normalize(text_of(u for u in every if u.label == label), language=language) for label in labels}


def _counted(result: ErrorRate) -> WordErrors:
    return WordErrors(
        words=result.length,
        substitutions=result.substitutions,
        deletions=result.deletions,
        insertions=result.insertions,
    )
