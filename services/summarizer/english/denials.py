"""What is not said in its speaker's own name, and what the next speaker denies."""

import re
from collections.abc import Sequence

from services.summarizer.english.cues import FILLERS, content_words, is_question
from services.summarizer.sentences import Sentence

_SAYING = (
    "(?:say|says|said|saying|promise|promises|promised|agree|agreed|claim|claims|claimed|mean|means|meant|suggest"
    "|suggested|decide|decided|guarantee|guaranteed|write|wrote|written|tell|told|offer|offered|confirm|confirmed)"
)
_THINKING = (
    "(?:think|thinks|thought|believe|believes|believed|expect|expects|expected|assume|assumed|hope|hopes|remember"
    "|recall)"
)
_LINK = (
    "(?: (?:that|to|with|you|me|him|her|us|them|this|anybody|anyone|somebody|everybody|everyone|yesterday|before"
    "|already|ever|here|how|whether|and))*"
)
_HEADS = (
    rf"\b(?:(?:never|not|nobody|no one|none of (?:us|you|them)|neither of us)(?: (?!so\b)\w+){{0,2}}? (?:{_SAYING}"
    rf"|{_THINKING}|sure|certain|true|correct|right|know(?= (?:that|whether|how)))|who(?: \w+)? (?:{_SAYING}"
    rf"|{_THINKING})|(?:do|does|did|have|has) \w+ (?:\w+ )?(?:{_SAYING}|{_THINKING})|i (?:doubt|wish|deny|refuse)"
    r"|(?:wrong|false|nonsense|a lie|untrue|a rumou?r)(?= that)|pretend(?:s|ed|ing)?|the idea(?= that)"
    rf"|(?<!\bas )(?!(?:i|we|have|has|had|also|just|always|already|as|that|to) )\w+ (?:said|says|told \w+|claims"
    r"|claimed|promised|thinks|thought|believes|hoped|wrote)"
    r")"
)
_EMBEDDING = re.compile(rf"{_HEADS}{_LINK} ?$")
"""Stands before a clause that is denied, asked about, or somebody else's."""

_HEAD = re.compile(rf"{_HEADS}\b")
_HARMLESS = (
    "(?:problem|objections?|questions?|worries|doubt|issues?|comments?|rush|hurry|nothing|thanks|thank|need|one|more"
    "|later|i agree|i think so|(?:that|it|this) (?:is|sounds|works?) (?:fine|good|okay|ok|right|true|correct|great|all"
    "|it|clear))"
)
_WRONG = (
    "(?:(?:sorry|wait|i am sorry|actually|hold on|hey) )*(?:(?:that|this|it) (?:is|was) (?:simply |just |also |all"
    " |completely )?(?:wrong|false|not (?:true|right|correct|so|the case|what|decided|agreed)|never (?:decided|agreed"
    "|said)|incorrect|nonsense|untrue|a (?:lie|mistake|misunderstanding))|(?:wrong|not true|nonsense)\\b|you are wrong"
    "|i (?:disagree|object|do not agree|take (?:that|it) back)|(?:i|we|you|they|he|she) (?:never|did not|have not|do"
    f" not)(?: \\w+)? ?{_SAYING}?(?: (?:to |on |with )?(?:that|this|so|it|anything|any of (?:that|this)))?$"
    f"|(?:nobody|no one) (?:ever )?{_SAYING}\\b|scratch that|correction\\b)"
)
_DENIED = re.compile(rf"^{FILLERS}(?:(?:no|nope) )?(?:{_WRONG}|(?<=no )(?:wait|sorry|actually)\b)")
_REFUSED = re.compile(rf"^{FILLERS}(?:no|nope)\b(?! {_HARMLESS}\b)")
_TAKEN_BACK = re.compile(rf"\w (?:no|sorry|wait|actually) {_WRONG}")
_ASKED = re.compile(
    r"\b(?:(?:was|is|are|were) there|(?:do|does|did|have|has|can|could|should) (?:we|you|they|anybody|anyone)"
    r"|anything)\b"
)
"""A question that ends an unpunctuated sentence: `no` is its answer."""

_NEGATION = re.compile(r"\b(?:not|never|nobody|no one|none)\b")
_BREAK = re.compile(r"[,;:]$")
_REACH = 4
"""Sentences after a statement among which its denial is looked for."""

_STEM = 5


def is_embedded(sentence: Sentence, start: int) -> bool:
    """Whether a clause that begins at `start` of the plain text hangs on `never said that`, `who said`, `he thinks`."""
    before = sentence.plain[:start]
    if not _EMBEDDING.search(before):
        return False
    last = sentence.excerpt(0, len(before.rstrip())).split()[-1:]
    return not any(_BREAK.search(word) for word in last)


def speaks_for_another(sentence: Sentence) -> bool:
    """Whether a sentence holds a clause that is denied, asked about, or somebody else's."""
    return _HEAD.search(sentence.plain) is not None


def denials(said: Sequence[Sentence], index: int, names: str) -> tuple[int, ...]:
    """Indexes of the sentences that deny a statement, soon after it or in its own last words, in their order.

    Args:
        said: All sentences.
        index: Of the statement.
        names: A regular expression that matches one name.
    """
    statement = said[index]
    found = [index] if statement.is_bare and _TAKEN_BACK.search(statement.plain) else []
    is_next, is_asked = True, statement.is_bare and _ASKED.search(statement.plain) is not None
    for at in range(index + 1, min(index + 1 + _REACH, len(said))):
        reply = said[at]
        if reply.turn > statement.turn + 2:
            break
        if is_question(reply, names):
            is_asked = True
            continue
        is_denial = is_next and _rejects(reply, statement, is_asked=is_asked)
        if is_denial or _contradicts(reply, statement):
            found.append(at)
        else:
            is_next = False
    return tuple(found)


def _rejects(reply: Sentence, statement: Sentence, *, is_asked: bool) -> bool:
    """`is_asked`: whether a question came between, so that `no` may be its answer."""
    if _DENIED.match(reply.plain):
        return True
    return reply.label != statement.label and not is_asked and _REFUSED.match(reply.plain) is not None


def _contradicts(reply: Sentence, statement: Sentence) -> bool:
    """Whether one says with `not` nearly all that the other says without."""
    if bool(_NEGATION.search(reply.plain)) == bool(_NEGATION.search(statement.plain)):
        return False
    stems, others = _stems(reply), _stems(statement)
    shared = len(stems & others)
    return shared >= 2 and shared >= 0.75 * min(len(stems), len(others))


def _stems(sentence: Sentence) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in content_words(sentence.plain)) - {"never", "nobod"}
