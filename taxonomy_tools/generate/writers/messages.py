"""`messages`: conversations, as Hugging Face's trainers and InstructLab's read them.

A line has `messages` (role and content), `metadata` and `id`. The metadata are a text, in which there is JSON: trainers
pass it on unread, and a column of texts is the same in the files of every version.
"""

from typing import Any

from taxonomy_tools.generate.records import Record, json_text
from taxonomy_tools.generate.sample import Sample
from taxonomy_tools.generate.writers.samples import messages


def spelled(record: Record, sample: Sample) -> dict[str, Any]:
    """A conversation."""
    return {"id": record.id, "messages": messages(record, sample), "metadata": json_text(record.metadata())}
