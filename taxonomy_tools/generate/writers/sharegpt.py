"""`sharegpt`: conversations of a human and a model, as the many trainers read them that know ShareGPT's data.

The lines are in the order of `samples.jsonl`, and have its ids.
"""

from typing import Any

from taxonomy_tools.generate.records import Record, user_text
from taxonomy_tools.generate.sample import Sample


def spelled(record: Record, sample: Sample) -> dict[str, Any]:
    """A conversation."""
    return {
        "id": record.id,
        "conversations": [
            {"from": "human", "value": user_text(record.leaf.kind, sample)},
            {"from": "gpt", "value": sample.response},
        ],
    }
