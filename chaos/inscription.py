"""An instruction in the header of a recording, for those who do not listen to it."""

import re

from chaos.instruction import CODE_DIGITS, Instruction

_INSCRIPTION = re.compile(rb"hansard-chaos:([0-9a-f]{%d})" % CODE_DIGITS)


def inscription(instruction: Instruction) -> str:
    """What stands in the header."""
    return f"hansard-chaos:{instruction.code}"


def read_inscription(header: bytes) -> Instruction | None:
    """The instruction, or `None` where there is none."""
    found = _INSCRIPTION.search(header)
    return Instruction.parse(found[1].decode()) if found else None
