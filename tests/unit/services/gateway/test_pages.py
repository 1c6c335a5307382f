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


def test_a_time_without_its_zone_is_no_cursor() -> None:
    text = base64.urlsafe_b64encode(f"2026-11-22T12:00:00 {uuid4()}".encode()).decode()
    with pytest.raises(InvalidRequest):
        Cursor.parse(text)
