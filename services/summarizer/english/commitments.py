"""Action items: who promised, was asked or was told to do what, until when."""

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from libs.common.minutes import ActionItem
from services.summarizer.english.cues import CONSENT, HYPOTHETICAL, REFUSAL, content_words, is_question
from services.summarizer.english.denials import denials, is_embedded
from services.summarizer.english.due_dates import DueDate, find_due_date
from services.summarizer.english.people import People
from services.summarizer.english.triggers import ends_task, is_task, leans_back, triggers
from services.summarizer.sentences import Sentence


@dataclass(frozen=True)
class _Item:
    """An action item while it is being put together."""

    task: str
    plain: str
    assignee: str | None
    due: DueDate | None
    due_text: str | None
    evidence: tuple[str, ...]
    turn: int
    needs_consent: bool = False

    @property
    def words(self) -> frozenset[str]:
        return content_words(self.plain)

    @property
    def is_vague(self) -> bool:
        """Whether it only makes sense after what was said before."""
        return leans_back(self.plain)


class Commitments:
    """Finds action items in the sentences of a meeting."""

    def __init__(self, people: People, speakers: dict[str, str], day: datetime.date | None) -> None:
        """`speakers`: label → what minutes call it; `day`: what relative dates count from."""
        self._people = people
        self._speakers = speakers
        self._day = day
        self._triggers = triggers(people.pattern)

    def find(self, said: Sequence[Sentence]) -> tuple[ActionItem, ...]:
        """All action items in the order in which they were first said."""
        items: list[_Item] = []
        for index, sentence in enumerate(said):
            for item in self._in_sentence(sentence):
                if denials(said, index, self._people.pattern):
                    continue
                settled = self._settled(item, said, index)
                if settled is not None:
                    self._add(items, settled, said[index - 1] if index else None)
        return tuple(
            ActionItem(
                task=self._people.reads(one.task),
                assignee=one.assignee,
                due=one.due.day if one.due else None,
                due_text=self._people.spelled(one.due_text) if one.due_text else None,
                evidence=one.evidence,
            )
            for one in items
        )

    def _in_sentence(self, sentence: Sentence) -> Iterator[_Item]:
        matches = sorted(
            (found for one in self._triggers for found in one.finditer(sentence.plain)), key=lambda one: one.start()
        )
        asks = is_question(sentence, self._people.pattern)
        kept: list[re.Match[str]] = []
        for match in matches:
            if (not kept or match.start() >= kept[-1].start("task")) and _is_firm(match, sentence, asks):
                kept.append(match)
        limits = [one.start() for one in kept[1:]] + [len(sentence.plain)]
        for match, limit in zip(kept, limits, strict=False):
            item = self._item(
                match, sentence, min(limit, match.end("task")), begin=0 if len(kept) == 1 else match.start()
            )
            if item is not None:
                yield item

    def _item(self, match: re.Match[str], sentence: Sentence, limit: int, *, begin: int) -> _Item | None:
        start = match.start("task")
        plain = sentence.plain[start:limit]
        due = find_due_date(sentence.plain[begin:limit], self._day)
        due_text, stop = None, limit
        if due is not None:
            due_start, due_end = begin + due.start, begin + due.end
            due_text = sentence.excerpt(due_start, due_end).strip("?")
            if ends_task(sentence, due_end, limit):
                stop = max(start, due_start)
        kind = match.groupdict()
        if not is_task(plain, kind, due):
            return None
        return _Item(
            task=_trimmed(sentence.excerpt(start, stop)),
            plain=sentence.plain[start:stop],
            assignee=self._assignee(kind, sentence),
            due=due,
            due_text=due_text,
            evidence=(sentence.utterance_id,),
            turn=sentence.turn,
            needs_consent="asked" in kind,
        )

    def _assignee(self, kind: dict[str, str | None], sentence: Sentence) -> str | None:
        named = kind.get("name") or kind.get("vocative") or kind.get("third")
        if named:
            return " and ".join(self._people.display.get(one, one) for one in named.split(" and "))
        if kind.get("team"):
            return kind["team"]
        return self._speakers[sentence.label] if "self" in kind else None

    def _settled(self, item: _Item, said: Sequence[Sentence], index: int) -> _Item | None:
        """What becomes of a request once the next speaker has answered it."""
        if not item.needs_consent:
            return item
        answer = next((one for one in said[index + 1 :] if one.label != said[index].label), None)
        if answer is None or answer.turn > item.turn + 2:
            return item if item.assignee else None
        if REFUSAL.match(answer.plain):
            return None
        if CONSENT.match(answer.plain):
            evidence = (*item.evidence, answer.utterance_id)
            accepted = replace(item, assignee=self._accepter(item.assignee, answer), evidence=evidence)
            return accepted if item.due else self._dated(accepted, answer)
        return item if item.assignee else None

    def _accepter(self, asked: str | None, answer: Sentence) -> str:
        """Who consents: the one asked, unless that name is nobody's here and somebody with a name consents."""
        answering = self._speakers[answer.label]
        is_misheard = asked not in self._speakers.values() and answering in self._people.display.values()
        return answering if asked is None or is_misheard else asked

    def _dated(self, item: _Item, sentence: Sentence) -> _Item:
        """The item with the due date of a sentence that belongs to it, if that has one."""
        due = find_due_date(sentence.plain, self._day)
        if due is None:
            return item
        return replace(item, due=due, due_text=sentence.excerpt(due.start, due.end))

    def _add(self, items: list[_Item], item: _Item, before: Sentence | None) -> None:
        """Add an item, or join it with the one that it accepts, repeats or makes precise."""
        for position in range(len(items) - 1, -1, -1):
            if _is_same(items[position], item):
                items[position] = _joined(items[position], item)
                return
        if item.is_vague and before is not None and len(content_words(before.plain)) >= 2:
            evidence = tuple(dict.fromkeys((before.utterance_id, *item.evidence)))
            item = replace(item, task=f"{item.task} ({before.text.rstrip(' .!?')})", evidence=evidence)
            item = item if item.due else self._dated(item, before)
        items.append(item)


def _is_firm(match: re.Match[str], sentence: Sentence, asks: bool) -> bool:
    """Whether a trigger stands in a sentence that means it: no hypothesis; a question only where it is a request."""
    is_request = "request" in match.groupdict()
    if asks and not is_request:
        return False
    if is_embedded(sentence, match.start()):
        return False
    before = sentence.plain[: match.start("task")]
    return is_request or not HYPOTHETICAL.search(before)


def _trimmed(task: str) -> str:
    return re.sub(r"[,;]?\s+(?:and|but|so|then|okay)$", "", task.rstrip(" ,.;:!?"))


def _is_same(known: _Item, item: _Item) -> bool:
    is_owner_open = known.assignee is None or item.assignee is None or known.assignee == item.assignee
    if item.is_vague:
        return is_owner_open and 0 <= item.turn - known.turn <= 2
    if not is_owner_open or (known.due and item.due and known.due.day != item.due.day):
        return False
    shared = len(known.words & item.words)
    return shared >= 2 and shared >= 0.6 * min(len(known.words), len(item.words))


def _joined(known: _Item, item: _Item) -> _Item:
    wordier = known if item.is_vague or len(known.words) >= len(item.words) else item
    return replace(
        wordier,
        assignee=known.assignee or item.assignee,
        due=item.due or known.due,
        due_text=item.due_text or known.due_text,
        evidence=tuple(dict.fromkeys((*known.evidence, *item.evidence))),
    )
