"""What a run writes: one module a format, and one line here.

Whatever is asked for, a run writes `samples.jsonl`, `rejected.jsonl`, `report.md` and `manifest.json`. All is written
in the order of the leaves and of their requests, with sorted keys, and holds neither a time nor a place of the machine.
Answers are read from the store a few hundred at a time, so memory does not grow with the number of samples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from taxonomy_tools.generate.records import records
from taxonomy_tools.generate.report import REPORT_FILE, Review
from taxonomy_tools.generate.run import Run
from taxonomy_tools.generate.store import Store
from taxonomy_tools.generate.writers import alpaca, messages, samples, sharegpt
from taxonomy_tools.generate.writers.base import Writer, WriterFactory
from taxonomy_tools.generate.writers.files import Files
from taxonomy_tools.generate.writers.folder import check_place, prepare_output
from taxonomy_tools.generate.writers.ilab import IlabWriter
from taxonomy_tools.generate.writers.lines import lines
from taxonomy_tools.generate.writers.manifest import MANIFEST_FILE, Manifest, manifest_text

__all__ = ["WRITERS", "Writer", "WriterFactory", "Written", "check_place", "prepare_output", "write_run"]

WRITERS: Mapping[str, WriterFactory] = MappingProxyType(
    {
        "messages": lines("messages.jsonl", messages.spelled),
        "alpaca": lines("alpaca.jsonl", alpaca.spelled),
        "sharegpt": lines("sharegpt.jsonl", sharegpt.spelled),
        "ilab": IlabWriter,
    }
)
"""What `--output-format` can ask for."""
_ALWAYS: tuple[WriterFactory, ...] = (lines("samples.jsonl", samples.spelled), samples.RejectedWriter)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What was written: the files, by name, and how many samples were kept and how many answers rejected."""

    files: tuple[Path, ...]
    kept: int
    rejected: int


def write_run(run: Run, store: Store, *, formats: Sequence[str]) -> Written:
    """Write all files of a run into its folder, as far as it came.

    `formats` are names of WRITERS. Files of formats that an earlier pass was asked for stay. Raises TaxonomyError when
    something cannot be read or written: the files of before are then as they were.
    """
    with Files(run.inputs.folder) as files:
        manifest, review = Manifest(run), Review(run)
        chosen = [WRITERS[name] for name in dict.fromkeys(formats)]
        writers: list[Writer] = [*(make(files, run.inputs) for make in (*_ALWAYS, *chosen)), manifest, review]
        kept = rejected = 0
        for number, wanted in enumerate(run.inputs.leaves()):
            for writer in writers:
                writer.leaf(wanted)
            for record in records(run, store, number, wanted):
                kept += record.kept is not None
                rejected += record.kept is None
                for writer in writers:
                    writer.record(record)
        for writer in writers:
            writer.finish()
        report = files.open(REPORT_FILE)
        for text in review.texts():
            report.text(text)
        spelled = manifest.spelled(files.end())
        files.open(MANIFEST_FILE).text(manifest_text(spelled))
        return Written(files=files.put(), kept=kept, rejected=rejected)
