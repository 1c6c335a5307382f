"""What the minutes of two runs say."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz import fuzz

from libs.common.minutes import ActionItem, Finding, Minutes
from libs.common.scoring.pairing import best_pairs
from libs.common.transcript import Transcript
from services.gateway.schemas.comparison import ChangedItem, ItemComparison, MinutesComparison, MinutesItem

_LEAST_ALIKE = 60.0
"""Of 100, as rapidfuzz's `token_sort_ratio` has it: items that are less alike are not the same one in other words."""

_Items = Mapping[str, Sequence[MinutesItem]]


def compare_minutes(
    before: Minutes, after: Minutes, *, transcript_before: Transcript, transcript_after: Transcript
) -> MinutesComparison:
    """Items added, gone and changed, part by part."""
    old, new = _items(before, transcript_before), _items(after, transcript_after)
    return MinutesComparison(
        is_summary_changed=before.summary != after.summary,
        parts={part: _compare_items(old.get(part, ()), new.get(part, ())) for part in {**old, **new}},
    )


def _items(minutes: Minutes, transcript: Transcript) -> _Items:
    starts = {one.id: one.start for one in transcript.utterances}
    parts: dict[str, Iterable[Finding | ActionItem]] = {
        "decisions": minutes.decisions,
        "action_items": minutes.action_items,
        "open_questions": minutes.open_questions,
        "topics": minutes.topics,
        **{section.name: section.findings for section in minutes.sections},
    }
    return {name: [_item(one, starts) for one in items] for name, items in parts.items()}


def _item(one: Finding | ActionItem, starts: Mapping[str, float]) -> MinutesItem:
    start = next((starts[cited] for cited in one.evidence if cited in starts), None)
    if isinstance(one, Finding):
        return MinutesItem(text=one.text, start=start)
    return MinutesItem(text=one.task, assignee=one.assignee, due=one.due, due_text=one.due_text, start=start)


def _compare_items(before: Sequence[MinutesItem], after: Sequence[MinutesItem]) -> ItemComparison:
    pairs = _pairs(before, after)
    paired = [(before[old], after[new]) for old, new in sorted(pairs.items())]
    changed = [(old, new) for old, new in paired if _said(old) != _said(new)]
    kept = set(pairs.values())
    return ItemComparison(
        unchanged=len(pairs) - len(changed),
        changed=tuple(ChangedItem(before=old, after=new) for old, new in changed),
        gone=tuple(one for place, one in enumerate(before) if place not in pairs),
        added=tuple(one for place, one in enumerate(after) if place not in kept),
    )


def _pairs(before: Sequence[MinutesItem], after: Sequence[MinutesItem]) -> dict[int, int]:
    """Place in `before` → place in `after`: the same text first, then what is most alike."""
    pairs: dict[int, int] = {}
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(after):
        places[one.text].append(place)
    for place, one in enumerate(before):
        if places[one.text]:
            pairs[place] = places[one.text].pop(0)
    taken = set(pairs.values())
    free = [place for place in range(len(after)) if place not in taken]
    alike = {
        (old, new): round(score)
        for old, one in enumerate(before)
        if old not in pairs
        for new in free
        if (score := fuzz.token_sort_ratio(one.text, after[new].text, score_cutoff=_LEAST_ALIKE))
    }
    return pairs | best_pairs(alike)


def _said(one: MinutesItem) -> MinutesItem:
    """Without the time, which follows from the turns."""
    return one.model_copy(update={"start": None})
