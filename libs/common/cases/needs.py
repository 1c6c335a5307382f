"""What a unit needs of its case, and which case lacks it."""

from libs.common.cases.contents import DEAF_STAGES
from libs.common.cases.folder import Case, RecordedUnit, UnreadableCase
from libs.common.cases.galleries import recorded_matches
from libs.common.speakers import Gallery, SpeakerMatches


def check_contents(case: Case, recorded: RecordedUnit) -> None:
    """Refuse a unit that could only fail, or come out differently, because of how its case was exported.

    Raises:
        UnreadableCase: The recording or the voiceprints that it needs were not wanted; the text names the cure.
    """
    stage = recorded.unit.stage
    if stage not in DEAF_STAGES and set(case.manifest.left_out).intersection(_texts(recorded.event.body)):
        raise UnreadableCase(
            f"this case was exported without its recording, which {stage} needs: "
            "export it again without --without-recording"
        )
    if stage == "match" and not case.manifest.has_voices and _is_gallery_needed(case, recorded):
        raise UnreadableCase(
            "this case was exported without the voiceprints of enrolled people, which match needs: "
            "export it again with --with-voices"
        )


def _texts(body: dict[str, object]) -> set[str]:
    return {value for value in body.values() if isinstance(value, str)}


def _is_gallery_needed(case: Case, recorded: RecordedUnit) -> bool:
    """Whether the recorded decisions rest on anybody's voiceprint."""
    matches = recorded_matches(case, case.outcome(recorded))
    return matches is not None and matches.gallery_digest not in {None, _empty_digest(case, matches)}


def _empty_digest(case: Case, matches: SpeakerMatches) -> str | None:
    if matches.model is None:
        return None
    return Gallery(workspace=case.manifest.workspace, model=matches.model, voiceprints=()).digest
