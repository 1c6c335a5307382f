"""Which gallery the decisions of a case were made with."""

from collections.abc import Iterator

from pydantic import ValidationError

from libs.common.cases.contents import is_key, subject_prefix
from libs.common.cases.folder import Case, UnreadableCase
from libs.common.outcome import Outcome
from libs.common.speakers import Gallery, SpeakerMatches, gallery_key
from libs.common.speech import EmbeddingModel


def recorded_matches(case: Case, outcome: Outcome | None) -> SpeakerMatches | None:
    """The decisions that an outcome names; `None` if it names none, or they are not in the case.

    Raises:
        UnreadableCase: This release cannot read them.
    """
    for one in outcome.published if outcome else ():
        key = one.body.get("speakers_key")
        if not isinstance(key, str) or not is_key(key, subject_prefix(case.manifest.runs[0].folder)):
            continue
        if (path := case.objects / key).is_file():
            try:
                return SpeakerMatches.model_validate_json(path.read_bytes())
            except ValidationError as error:
                raise UnreadableCase(f"this release cannot read {key}: {error}") from error
    return None


def gallery_notes(case: Case, recorded: Outcome | None, replayed: Outcome | None) -> Iterator[str]:
    """What to know where labels were matched with another gallery than at first."""
    old, new = recorded_matches(case, recorded), recorded_matches(case, replayed)
    if old is None or new is None or new.model is None or old.gallery_digest == new.gallery_digest:
        return
    count = _num_voiceprints(case, new.model) if new.gallery_digest else 0
    yield f"the gallery is not the recorded one ({count} voiceprint{'' if count == 1 else 's'} now)"


def _num_voiceprints(case: Case, model: EmbeddingModel) -> int:
    path = case.objects / gallery_key(case.manifest.workspace, model)
    return len(Gallery.model_validate_json(path.read_bytes()).voiceprints)
