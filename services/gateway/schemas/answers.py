"""What all answers have in common."""

from pydantic import ConfigDict

from libs.common.speech import Frozen


class Answer(Frozen):
    """A value that a client reads; the text under a field is its description at `/docs`."""

    model_config = ConfigDict(use_attribute_docstrings=True)
