"""Cursors of lists."""

import base64
import datetime
from uuid import uuid4

import pytest

from services.gateway.errors import InvalidRequest
from services.gateway.pages import Cursor


def test_a_cursor_comes_back_as_it_was() -> None:
    cursor = Cursor(datetime.datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=datetime.UTC), uuid4())
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["x", "äöü", "!!!", base64.urlsafe_b64encode(b"2026-11-22T12:00:00 no-id").decode()])
def test_another_text_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidRequest):
        Cursor.parse(text)


@pytest.mark.parametrize("time", ["2026-11-22T12:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_is_not_in_utc_is_no_cursor(time: str) -> None:
    text = base64.urlsafe_b64encode(f"{time} {uuid4()}".encode()).decode()
    with pytest.raises(InvalidRequest):
        Cursor.parse(text)
