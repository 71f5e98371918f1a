"""`samples.jsonl` and `rejected.jsonl`: every answer that was judged, with all that is known of where it comes from.

A run always writes both, whatever formats are asked for.
"""

from dataclasses import asdict
from typing import Any

from taxonomy_tools.generate.inputs import Inputs, Wanted
from taxonomy_tools.generate.records import Record, user_text
from taxonomy_tools.generate.sample import Sample
from taxonomy_tools.generate.writers.files import Files

_NOTHING = Sample(question="", response="")


def messages(record: Record, sample: Sample) -> list[dict[str, str]]:
    """A sample as a conversation.

    Without a system prompt: that of the teacher says how to write samples, and that of the model in training is its
    trainer's to choose.
    """
    return [
        {"role": "user", "content": user_text(record.leaf.kind, sample)},
        {"role": "assistant", "content": sample.response},
    ]


def spelled(record: Record, sample: Sample) -> dict[str, Any]:
    """A sample with its metadata. These have the context too, which the messages of knowledge leave out."""
    return {
        "id": record.id,
        "messages": messages(record, sample),
        "metadata": record.metadata() | {"context": sample.context},
    }


class RejectedWriter:
    """What was rejected: why, the answer as it came, and the sample in it (of empty texts, if it could not be read)."""

    def __init__(self, files: Files, _inputs: Inputs) -> None:
        """Open the file. Raises TaxonomyError if it cannot be made."""
        self._file = files.open("rejected.jsonl")

    def leaf(self, wanted: Wanted) -> None:
        """Leaves have no lines of their own."""

    def record(self, record: Record) -> None:
        """Write the line, if it was rejected."""
        rejection, sample = record.verdict.rejection, record.verdict.sample
        if rejection is None:
            return
        self._file.line(
            {
                "id": record.id,
                "reason": rejection.reason.value,
                "detail": rejection.detail,
                "answer": record.answer.content,
                "sample": asdict(sample or _NOTHING),
                "metadata": record.metadata(),
            }
        )

    def finish(self) -> None:
        """Lines have no end of their own."""
