"""What an error of a store says: the cure, in one line, and nothing that it was asked with."""

import pytest

from libs.common.errors import StorageUnavailable
from libs.common.storage_refusals import StorageRefused, failure

_ROLE = "Error performing PUT http://169.254.169.254/latest/api/token in 5s - "


@pytest.mark.parametrize("answer", ["HTTP error: error sending request", "403 Forbidden: "])
def test_without_keys_they_are_asked_for(answer: str) -> None:
    error = failure("s3://bucket", _ROLE + answer)
    assert type(error) is StorageUnavailable  # a role may be there again later
    assert "AWS_ACCESS_KEY_ID" in error.message


def test_an_answer_without_a_body_is_read_by_its_status() -> None:
    error = failure("s3://bucket", "Error performing HEAD http://store/bucket/k in 1ms - 403 Forbidden: ")
    assert isinstance(error, StorageRefused)
    assert "AccessDenied" in error.message


def test_of_an_unknown_refusal_only_code_and_message_are_told() -> None:
    answer = (
        '500 Oops: <?xml version="1.0"?>\n<Error><Code>Oops</Code><Message>Sorry.</Message><Token>t</Token></Error>'
    )
    error = failure("s3://ana:hidden@bucket", f"GET http://ana:hidden@store/k - {answer}\n\nDebug source: ...")
    assert error.message.endswith("GET http://store/k - 500 Oops: Oops: Sorry.")
    assert error.message.startswith("the object store s3://bucket did not answer")
    assert not [part for part in ("hidden", "Token", "\n") if part in error.message]
