"""Phrases that several rules share; all match the plain text of a sentence."""

import re

from services.summarizer.lexicon import words
from services.summarizer.sentences import Sentence

FILLERS = (
    r"(?:(?:so|and|but|okay|ok|well|yes|yeah|yep|sure|alright|right|true|then|now|also|good|great|no problem"
    "|of course) )*"
)

_LEADING = re.compile(FILLERS)

HYPOTHETICAL = re.compile(
    r"\b(?:maybe|perhaps|possibly|might|would|could|suppose|supposing|imagine|hypothetically|in theory|ideally"
    r"|probably|if (?:you|we|i|they) (?:want|like|wish|had|were|have to)|if only|as if|unless)\b"
)

CONSENT = re.compile(
    rf"^{FILLERS}(?:yes|yeah|yep|sure|okay|ok|will do|of course|no problem|absolutely|certainly|definitely|i will|i can"
    r"|i am on it|fine|happy to|gladly|consider it done|on it|got it|alright|right|agreed|understood)\b"
)
REFUSAL = re.compile(
    rf"^{FILLERS}(?:no(?! problem)|nope|sorry|i am sorry|i can not|i could not|i am afraid|unfortunately"
    r"|i would rather not|not (?:me|really|now|yet|sure)|i do not (?:think|have)|i will not)\b"
)
AGREEMENT = re.compile(
    rf"^{FILLERS}(?:agreed|i (?:totally |fully )?agree|sounds good|deal|yes let us|let us do (?:that|it)|perfect"
    r"|good idea|great idea|(?:that is |that (?:also )?)?(?:fine|okay|ok|good|works?)(?: with| for) me|makes sense"
    r"|i am fine with|yes)\b"
)
IGNORANCE = re.compile(
    r"\b(?:do not know|not sure|no idea|unclear|open question|good question|do not have an answer|no answer"
    r"|not decided|not been decided|can not say|have to (?:check|ask|find out|look into)|need to (?:check|ask|find out"
    r"|look into)|will (?:check|ask|find out|look into it)|let us (?:talk|come back|take that|park)|to be (?:decided"
    r"|determined|discussed)|nobody knows|wait and see|have to see|leave (?:that|it|this) open|(?:that|it) depends"
    r"|hard to say|^not yet\b|^maybe$|remains? open|still open|talk about (?:it|that) (?:later|next|on|another))\b"
)

_AUXILIARY = "(?:is|are|was|were|do|does|did|have|has|had|can|could|will|would|should|shall|may|must)"
_SUBJECT = (
    "(?:i|we|you|he|she|it|they|this|that|there|the|a|an|any|anyone|anybody|somebody|someone|everyone|everybody|our|my"
    "|your|their|these|those|all|both|people)"
)
_QUESTION = re.compile(
    rf"^{FILLERS}(?:(?:one|another|my|a|the)(?: more| other| last| next| first)* question(?: is)? )?"
    r"(?:(?:who|what|which|whose|how (?:many|much|long|often|soon|big|far)|when|where|why"
    rf"|how)(?: \w+){{0,3}}? {_AUXILIARY}\b|(?:what|how) about\b|who \w+s\b|what happens\b|what if\b|how come\b"
    rf"|(?!have an? ){_AUXILIARY}(?: not)? {_SUBJECT}\b)"
)
_CLAUSE = re.compile(
    rf"^{FILLERS}(?:what|when|where|how|why|which|whatever) (?:i|we|you|they|he|she|it|the|this|that|matters)\b"
    r"(?! (?:is|are|was|were|will|can|could|should|do|does|did) (?:i|we|you|it|he|she|they|the)\b)"
)
"""`what we need is`, `when the servers are ready`: no question, although it begins like one."""


def is_question(sentence: Sentence, names: str) -> bool:
    """Whether a sentence asks; without punctuation, whether it begins as questions do.

    Args:
        sentence: Any sentence.
        names: A regular expression that matches one name.
    """
    if sentence.is_asked:
        return True
    if sentence.words[-1].endswith((".", "!")):
        return False
    asked = re.sub(rf"^{FILLERS}{names} (?=\w)", "", sentence.plain)
    return bool(_QUESTION.match(asked)) and not _CLAUSE.match(asked)


CONTENT = re.compile(r"[a-z][a-z'-]{2,}")
EMPTY_WORDS = words(
    "the and for with that this then than into our your their his her its them they you she him who what when where"
    " will would can could should shall has have had been being was were are not also just now yet still please about"
    " all any some out off over from until before after there here it's let please do does did done going take"
    " make get one next another more most very yes okay good well sure problem thing things need needs"
)


def content_words(plain: str) -> frozenset[str]:
    """The words that say what a sentence is about."""
    return frozenset(word for word in CONTENT.findall(plain) if word not in EMPTY_WORDS)


def filler_length(plain: str) -> int:
    """Characters of the fillers at the beginning: `okay so`."""
    fillers = _LEADING.match(plain)
    return fillers.end() if fillers else 0
