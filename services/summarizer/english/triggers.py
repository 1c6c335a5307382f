"""Phrases that give somebody something to do, and what counts as something to do."""

import re
from collections.abc import Mapping

from services.summarizer.english.cues import FILLERS
from services.summarizer.english.due_dates import DueDate
from services.summarizer.lexicon import one_of
from services.summarizer.sentences import Sentence

_ACTS = one_of(
    "add adjust analyse analyze arrange ask assign book bring build buy call cancel change check clean close"
    " collect compare complete confirm contact convert coordinate create cut define deliver deploy design"
    " discuss do document draft email ensure extend file fill find finish fix follow gather get give handle"
    " hire implement inform install investigate invite join launch look mail make measure meet merge migrate"
    " move negotiate open order organise organize own pay phone pick plan post prepare present print propose"
    " publish push put raise reach read record release remind remove rename replace report request research"
    " reserve reset resolve review revise rewrite roll run schedule sell send set share ship show sign solve"
    " sort start submit summarise summarize switch take talk tell test track train turn update upgrade upload"
    " verify visit work write"
)
"""Verbs for something that can be done and is then done."""

_IDLE = re.compile(
    r"^(?:not|never|no|be (?!responsible|in charge)|say|admit|need|know|think|assume|guess|wait|stop|miss|remember"
    r"|forget|agree|see|hear|stay|leave it|leave you|let you|start with|begin with|hand over|keep it|like|love|hope"
    r"|want|believe|explain|repeat|have (?!to|the|a|an|it|that|this|something)|pass|skip|come|go(?! through| over| and"
    r"| ahead| to the)|tell you|take (?:two|three|four|a few|some|about|weeks|days|long)|follow(?! up)|happen"
    r"|work(?! on))\b"
)
_SMALL_TALK = re.compile(
    r"^(?:hear|see|tell (?:us|me)|explain|repeat|say|believe|imagine|remember|give (?:me|us) (?:a|an) (?:second|moment"
    r"|minute|example|idea)|speak|elaborate|clarify|go|share your screen|mute|unmute|hold|wait|turn|live|understand)\b"
)
_DO_IT = re.compile(
    r"^(?:do|take|handle|take care of|fix|own|have) (?:it|that|this|so|them|those|care of (?:it|that|this))\b"
)
_PRONOUN_ONLY = re.compile(r"^\w+ (?:it|that|this|them|those|one)\b *$")
_GOES_ON = re.compile(r"^ *(?:to|for|with|from|and|about|so that|if|because|at|in|on|as|or)\b")
"""What follows a due date and still belongs to the task."""

_ADVERBS = r"(?:(?:also|then|definitely|certainly|just|personally|please|try to|make sure to|go ahead and|still) )*"


def triggers(name: str) -> tuple[re.Pattern[str], ...]:
    """Patterns of phrases that give somebody something to do, the more specific ones first.

    Named groups: `task`; `name`, `vocative`, `third` or `team` for who is to do it, `self` for the speaker; `request`
    for what may be asked as a question; `asked` for what needs the consent of the one asked; `weak` for phrases that
    need more than themselves to count.

    Args:
        name: A regular expression that matches one name.
    """
    names = rf"{name}(?: and {name})*"
    modal = r"(?:will|is going to|are going to|has to|have to|needs to|need to|must|shall)"
    task = r"(?=(?P<task>\w.*))"
    sources = (
        rf"(?<!if )(?<!when )\b(?P<self>i (?:will|shall|am going to)) {_ADVERBS}{task}",
        rf"(?<!if )\b(?P<self>i (?:still |also |first )?(?:have to|need to|must)) {_ADVERBS}(?=(?P<task>{_ACTS}\b.*))",
        rf"(?<!if )(?<!then )\b(?P<self>i can) {_ADVERBS}(?=(?P<task>{_ACTS}\b.*))",
        rf"\b(?P<self>i want to|let me) {_ADVERBS}(?P<weak>)(?=(?P<task>{_ACTS}\b.*))",
        rf"(?<!if )(?<!when )\b(?P<name>{names})(?: (?:from|of|in) \w+)? {modal} {_ADVERBS}{task}",
        rf"(?<!if )\b(?P<name>{names}) (?P<task>(?:takes (?:care of|over|on)|owns|is responsible for"
        r"|is in charge of) .*)",
        rf"(?<!if )(?<!when )\bthe (?P<team>\w+ team) {modal} {_ADVERBS}{task}",
        rf"\b(?P<name>{name})(?: and (?:then|also))? please (?=(?P<task>{_ACTS}\b.*))",
        rf"^{FILLERS}please (?P<task>{_ACTS}\b.*?) (?P<vocative>{name})$",
        rf"^{FILLERS}(?P<asked>please) (?=(?P<task>{_ACTS}\b.*))",
        rf"\b(?P<name>{name}) (?:can|could|would) you {_ADVERBS}(?P<asked>)(?P<request>){task}",
        rf"\b(?:can|could|would) you {_ADVERBS}(?P<vocative>{name}) {_ADVERBS}(?P<asked>)(?P<request>){task}",
        rf"\b(?:can|could) (?P<third>{name}) {_ADVERBS}(?P<asked>)(?P<request>){task}",
        rf"\b(?:can|could|would) you {_ADVERBS}(?P<asked>)(?P<request>)(?P<task>\w.*?) (?P<vocative>{name})$",
        rf"\b(?:can|could|would) you {_ADVERBS}(?P<asked>)(?P<request>){task}",
        rf"\b(?:somebody|someone|one of us) (?:has to|needs to|should|must) {_ADVERBS}{task}",
        rf"(?<!if )(?<!when )\bwe (?:still )?(?:need to|have to|must) {_ADVERBS}(?P<weak>)(?=(?P<task>{_ACTS}\b.*))",
        rf"\baction (?:item|point)(?: for (?P<name>{names}))?(?: is)?(?: that| to)? {task}",
    )
    return tuple(re.compile(source) for source in sources)


def is_task(plain: str, kind: Mapping[str, str | None], due: DueDate | None) -> bool:
    """Whether what follows a trigger (its groups are `kind`) is something to do."""
    if _IDLE.match(plain) or not plain.strip():
        return False
    if "request" in kind and _SMALL_TALK.match(plain):
        return due is not None
    if "weak" in kind:
        return due is not None and due.start > 0
    return len(plain.split()) >= 2 or _DO_IT.match(plain) is not None


def leans_back(plain: str) -> bool:
    """Whether a task only makes sense after what was said before: `do that`, `write it`."""
    return bool(_DO_IT.match(plain) or _PRONOUN_ONLY.match(plain))


def ends_task(sentence: Sentence, due_end: int, limit: int) -> bool:
    """Whether the task is over with its due date: nothing follows, or, without punctuation, another sentence may."""
    rest = sentence.plain[due_end:limit].strip()
    return rest in {"", "and", "but", "so"} or (sentence.is_bare and not _GOES_ON.match(rest))
