"""What is said to a model: our words in the system's message, everybody else's in the user's."""

from pydantic import BaseModel

from libs.common.personas import Persona
from services.summarizer.engines.openai.asked import Asked, AskedMerge, AskedSection
from services.summarizer.engines.openai.chat import Message
from services.summarizer.engines.openai.data import block
from services.summarizer.engines.openai.merging import items
from services.summarizer.engines.openai.prompts import Prompts
from services.summarizer.engines.openai.replies import MergeReply, section_reply


def messages(asked: Asked, prompts: Prompts) -> list[Message]:
    """The beginning of the conversation."""
    return [Message("system", instructions(asked, prompts)), Message("user", _data(asked))]


def instructions(asked: Asked, prompts: Prompts) -> str:
    """What the model is to do, and for whom."""
    reader = {"title": asked.persona.title, "instructions": asked.persona.instructions.strip()}
    if isinstance(asked, AskedMerge):
        return prompts.fill("merge", **reader)
    part = f"part {asked.section.number} of {asked.count}" if asked.is_part else "the whole"
    return prompts.fill("section", **reader, wishes=_wishes(asked.persona), part=part)


def reply_model(asked: Asked) -> type[BaseModel]:
    """What the answer is to be."""
    return section_reply(asked.persona) if isinstance(asked, AskedSection) else MergeReply


def _data(asked: Asked) -> str:
    blocks = [block("meeting", asked.meeting)]
    if isinstance(asked, AskedMerge):
        blocks.append(block("minutes", *items(asked.parts)))
    else:
        blocks += [block("before", *asked.section.before)] if asked.section.before else []
        blocks.append(block("transcript", *asked.section.lines))
    return "\n\n".join(blocks)


def _wishes(persona: Persona) -> str:
    if "sections" not in persona.parts:
        return ""
    return "\n".join(f"- `sections.{one.name}` ({one.title}): {one.instructions}" for one in persona.sections)
