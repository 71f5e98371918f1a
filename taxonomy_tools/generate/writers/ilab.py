"""`ilab`: the files that `ilab generate` wrote, for those who have tools that read them.

It put the model and the time into their names. Here the run's name stands there (the model, and a hash of all that went
into the run): the same run ends with the same files.
"""

from collections.abc import Mapping
from typing import Any

from taxonomy_tools.generate.inputs import Inputs, Wanted
from taxonomy_tools.generate.records import Record, json_text, user_text
from taxonomy_tools.generate.sample import Sample
from taxonomy_tools.generate.writers import alpaca
from taxonomy_tools.generate.writers.files import Files
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode

_ARROW = "->"


class IlabWriter:
    """Writes what was generated (a list), the same to train with, seed examples to test with, and what was left out.

    `system` is empty: what stands there is for the trainer to say.
    """

    def __init__(self, files: Files, inputs: Inputs) -> None:
        """Open the files. Raises TaxonomyError if one cannot be made."""
        model, _, digits = inputs.name.rpartition("-")
        name = f"{model}_{digits}" if model else digits
        self._generated = files.open(f"generated_{name}.json")
        self._train = files.open(f"train_{name}.jsonl")
        self._test = files.open(f"test_{name}.jsonl")
        self._discarded = files.open(f"discarded_{name}.log")
        self._before = "["

    def leaf(self, wanted: Wanted) -> None:
        """Write the seed examples of a leaf."""
        for seed in wanted.leaf.seed_examples:
            for pair in seed.pairs:
                sample = Sample(question=pair.question, response=pair.answer, context=seed.context)
                self._test.line(_turn(wanted.leaf, sample))

    def record(self, record: Record) -> None:
        """Write an answer where it belongs."""
        if (sample := record.kept) is not None:
            self._generated.text(f"{self._before}\n  {json_text(_generated(record, sample))}")
            self._before = ","
            self._train.line(_turn(record.leaf, sample))
        if (rejection := record.verdict.rejection) is not None:
            why = {"reason": rejection.reason.value, "detail": rejection.detail, "answer": record.answer.content}
            self._discarded.line({"taxonomy_path": _taxonomy_path(record.leaf), **why})

    def finish(self) -> None:
        """End the list."""
        self._generated.text(f"{self._before}]\n" if self._before == "[" else "\n]\n")


def _generated(record: Record, sample: Sample) -> Mapping[str, Any]:
    return alpaca.spelled(record, sample) | {
        "taxonomy_path": _taxonomy_path(record.leaf),
        "task_description": record.leaf.description,
        "document": sample.context if record.leaf.kind is LeafKind.KNOWLEDGE else "",
    }


def _turn(leaf: LeafNode, sample: Sample) -> dict[str, Any]:
    return {"system": "", "user": user_text(leaf.kind, sample), "assistant": sample.response}


def _taxonomy_path(leaf: LeafNode) -> str:
    return leaf.path.replace("/", _ARROW)
