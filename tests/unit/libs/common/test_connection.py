"""Redis's address."""

import pytest

from libs.common.errors import InvalidSettings
from libs.common.streams.connection import connect


def test_an_address_of_no_redis_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidSettings, match="REDIS_URL"):
        connect("nonsense")
