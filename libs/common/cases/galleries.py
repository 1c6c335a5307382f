"""Which gallery the decisions of a case were made with."""

from pydantic import ValidationError

from libs.common.cases.contents import is_key, subject_prefix
from libs.common.cases.folder import Case, UnreadableCase
from libs.common.outcome import Outcome
from libs.common.speakers import SpeakerMatches


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
