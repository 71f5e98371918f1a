"""`alpaca`: instruction, input and output, as Stanford Alpaca's data have them.

Trainers of this format want these members and no others; the lines are in the order of `samples.jsonl`, which says
where each comes from.
"""

from typing import Any

from taxonomy_tools.generate.records import Record
from taxonomy_tools.generate.sample import Sample
from taxonomy_tools.layout import LeafKind


def spelled(record: Record, sample: Sample) -> dict[str, Any]:
    """A sample as instruction, input and output. The input is the context of a skill; knowledge goes without it."""
    return {
        "instruction": sample.question,
        "input": sample.context if record.leaf.kind is LeafKind.GROUNDED_SKILL else "",
        "output": sample.response,
    }
