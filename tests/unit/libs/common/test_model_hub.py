"""Whether another start may bring the model that the hub did not give."""

import errno

import pytest

from libs.common.errors import EngineUnavailable, InvalidSettings
from libs.common.model_hub import hub_error

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
