"""Every 202 ends as it has to, once; what was not promised leaves nothing."""

from http import HTTPStatus

import httpx

from chaos.clients import PERSONAS
from chaos.evidence import Evidence
from chaos.expectations import differences
from chaos.ledger import Ledger, Request
from chaos.requests import Requests


async def check_promises(ledger: Ledger, evidence: Evidence, requests: Requests) -> list[str]:
    """What was not kept."""
    faults: list[str] = []
    for request in ledger.requests:
        if len(request.answers) != 1:
            faults.append(f"{request.key} was answered with {sorted(request.answers) or 'nothing'}")
        elif request.kind == "meeting":
            faults += await _check_meeting(request, requests)
        else:
            faults += await _check_speaker(request, requests)
    faults += _check_numbers(ledger, evidence)
    return faults + [f"answered with an error: {one}" for one in ledger.refused]


async def _check_meeting(request: Request, requests: Requests) -> list[str]:
    answer = await requests.look(f"/api/meetings/{request.id}/status")
    if request.was_deleted:
        return _check_deleted(request, answer)
    if request.was_cancelled:
        status = answer.json().get("status")
        return [] if status == "cancelled" else [f"{request.key} was cancelled and is {status}"]
    found = await _check_run(request, requests, "")
    for replay in request.replays:
        found += [f"{replay.key} was answered with {replay.answers}"] if len(replay.answers) != 1 else []
        found += await _check_run(request, requests, f"?run={min(replay.answers)}")
    runs = len((await requests.look(f"/api/meetings/{request.id}/runs")).json()["runs"])
    if runs != 1 + len(request.replays):
        found.append(f"{request.key} has {runs} runs, of which {1 + len(request.replays)} were promised")
    return found


async def _check_run(request: Request, requests: Requests, which: str) -> list[str]:
    progress = (await requests.look(f"/api/meetings/{request.id}/status{which}")).json()
    results = await requests.look(f"/api/meetings/{request.id}/results{which}")
    is_completed = progress.get("status") == "completed"
    if is_completed and not results.is_success:
        return [f"{_described(request)}{which} is completed and its results are answered with {results.text}"]
    found = differences(request.upload.expected, progress, results.json() if is_completed else None, personas=PERSONAS)
    return [f"{_described(request)}{which} {one}" for one in found]


async def _check_speaker(request: Request, requests: Requests) -> list[str]:
    answer = await requests.look(f"/api/speakers/{request.id}")
    if request.was_deleted:
        return _check_deleted(request, answer)
    [sample], expected = answer.json()["samples"], request.upload.expected
    status, code = sample["status"], (sample["error"] or {}).get("code")
    if status in {"enrolled", "failed"} and expected.is_end(is_completed=status == "enrolled", error=code):
        return []
    return [f"{_described(request)} is {status} ({code}), not {expected.status} ({expected.error})"]


def _check_deleted(request: Request, answer: httpx.Response) -> list[str]:
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return []
    return [f"{request.key} was deleted and is answered with {answer.text}"]


def _described(request: Request) -> str:
    instruction = request.upload.instruction
    return f"{request.key} ({instruction.fault} in {instruction.place}, {request.kind} {request.id})"


def _check_numbers(ledger: Ledger, evidence: Evidence) -> list[str]:
    promised = {request.id for request in ledger.accepted("meeting")}
    there = {meeting.id for meeting in evidence.meetings}
    faults = [f"meeting {one} was promised to nobody" for one in there - promised]
    faults += [f"meeting {one} was promised and has no row" for one in promised - there]
    names = {meeting.filename for meeting in evidence.meetings}
    return faults + [f"the upload {name} was broken off and accepted" for name in ledger.cut if name in names]
