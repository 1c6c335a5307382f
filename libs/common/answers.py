"""Where answers of minutes engines are kept, and how they are erased with their meeting.

An answer is shared by all runs that ask the same question, so it lies outside the meetings' folders. Each meeting
that used it has a marker in its own folder; erasing one of them erases the answer, which can be made again.
"""

from libs.common.cache import Cache
from libs.common.storage import ObjectStore


def answer_key(workspace: str, digest: str) -> str:
    """Object key (and, behind the key prefix, Redis key) of an answer."""
    return f"answers/{workspace}/{digest}.json"


def answer_marker_key(meeting_id: str, digest: str) -> str:
    """Object key of the note that a meeting used an answer."""
    return f"meetings/{meeting_id}/answers/{digest}"


async def erase_answers(store: ObjectStore, cache: Cache, *, workspace: str, meeting_id: str) -> int:
    """Erase the answers that a meeting used; call it before its folder is removed, which holds the markers.

    Returns:
        How many there were.
    """
    markers = await store.list(answer_marker_key(meeting_id, ""))
    keys = [answer_key(workspace, marker.rpartition("/")[2]) for marker in markers]
    for key in keys:
        await cache.delete(key)
    await store.delete([*keys, *markers])
    return len(keys)
