"""Whether another start may bring the model that the hub did not give."""

import errno

import httpx2
import pytest
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from libs.common.errors import EngineUnavailable, InvalidSettings
from libs.common.model_hub import answer_of, hub_error

REFUSED = OSError(errno.ECONNREFUSED, "refused")


@pytest.mark.parametrize("status", [None, 408, 429, 500, 503])
def test_a_hub_that_is_out_of_order_may_give_it_later(status: int | None) -> None:
    assert hub_error(REFUSED, status=status, is_offline=False) is EngineUnavailable


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_the_hub_refuses_it_refuses_again(status: int) -> None:
    assert hub_error(REFUSED, status=status, is_offline=False) is InvalidSettings


def test_a_client_that_may_not_ask_asks_no_later_either() -> None:
    assert hub_error(REFUSED, status=None, is_offline=True) is InvalidSettings


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_is_for_a_person_to_mend(number: int) -> None:
    assert hub_error(OSError(number, "no"), status=None, is_offline=False) is InvalidSettings


def _answer(status: int) -> HfHubHTTPError:
    request = httpx2.Request("GET", "http://127.0.0.1/")
    return HfHubHTTPError("no", response=httpx2.Response(status, request=request))


def _missing(cause: Exception) -> LocalEntryNotFoundError:
    error = LocalEntryNotFoundError("it is not in the cache")
    error.__cause__ = cause
    return error


def test_an_answer_behind_a_file_that_is_missing_is_found() -> None:
    answer = _answer(403)
    assert answer_of(_missing(answer)) is answer


def test_what_is_no_answer_stays_behind_what_was_raised() -> None:
    missing, answer = _missing(REFUSED), _answer(404)
    answer.__cause__ = _answer(403)
    assert (answer_of(missing), answer_of(answer)) == (missing, answer)
