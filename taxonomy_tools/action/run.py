"""The action's run: from inputs to the one engine, and from its report to outputs, summary and exit code."""

import json
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

from taxonomy_tools.action.clone import Clone
from taxonomy_tools.action.event import provide
from taxonomy_tools.action.outputs import MOST_JOBS, append_outputs, append_summary, listed, matrix, workflow_command
from taxonomy_tools.boundary import Exit
from taxonomy_tools.commands import diff
from taxonomy_tools.commands.reporting import Options, announce
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import NotARepository
from taxonomy_tools.main import FAIL_ON
from taxonomy_tools.plan import Selection
from taxonomy_tools.reporters.markup import prose
from taxonomy_tools.settle import Given

FILES = {
    "json": "report.json",
    "jsonl": "report.jsonl",
    "sarif": "report.sarif",
    "junit": "report.junit.xml",
    "gitlab": "report.gitlab.json",
    "markdown": "report.md",
    "text": "report.txt",
}
"""The file of each format. `github`, the annotations, goes into the log."""
OUTPUTS = (
    "changed-leaves",
    "changed-leaves-file",
    "matrix",
    "matrix-file",
    "matrix-size",
    "count",
    "errors",
    "warnings",
    "report",
    "sarif",
    "reports",
)
"""All outputs; what is not known is empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """What the workflow says. `base` and `fail_on` are None where that is left to the event and the configuration.

    `folder` is the taxonomy's root.
    """

    base: str | None
    fail_on: str | None
    folder: Path
    formats: tuple[str, ...]

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Read them from the variables INPUT_*. Raises TaxonomyError for what no input can be."""
        fail_on = environ.get("INPUT_FAIL_ON", "").strip()
        if fail_on and fail_on not in FAIL_ON:
            raise TaxonomyError(f"the input `fail-on` cannot be `{fail_on}`.", f"It is one of {', '.join(FAIL_ON)}.")
        formats = tuple(dict.fromkeys(word for word in re.split(r"[,\s]+", environ.get("INPUT_FORMATS", "")) if word))
        known = ("github", *FILES)
        for name in formats:
            if name not in known:
                raise TaxonomyError(f"the input `formats` has no `{name}`.", f"It lists any of {', '.join(known)}.")
        return cls(
            base=environ.get("INPUT_BASE", "").strip() or None,
            fail_on=fail_on or None,
            folder=_folder(Path(environ["GITHUB_WORKSPACE"]), environ.get("INPUT_WORKING_DIRECTORY") or "."),
            formats=formats,
        )


def run(environ: Mapping[str, str]) -> int:
    """Compare, check, and hand on what came of it; gives the exit code.

    `environ` is what GitHub's runner sets, and must be the process's own. Raises TaxonomyError for a configuration
    that is none: what is wrong with it has lines, which the command line shows.
    """
    reports = Path(tempfile.mkdtemp(prefix="taxonomy-reports-", dir=environ["RUNNER_TEMP"]))
    failure: TaxonomyError | None = None
    status = int(Exit.CANNOT)
    try:
        status = _compare(Inputs.of(environ), reports, environ)
    except TaxonomyError as error:
        failure = error
    append_outputs(Path(environ["GITHUB_OUTPUT"]), _outputs(reports))
    summary = Path(environ["GITHUB_STEP_SUMMARY"])
    if (written := reports / FILES["markdown"]).exists():
        append_summary(summary, written.read_text(encoding="utf-8"))
    if failure is not None:
        lines = [f"{remedy.label} {remedy.command}".rstrip() for remedy in failure.remedies]
        sys.stdout.write(workflow_command("error", failure.message, *lines))
        items = "".join(f"- {prose(line)}\n" for line in lines)
        append_summary(summary, f"**The taxonomy could not be checked**: {prose(failure.message)}\n\n{items}")
        if getattr(failure, "diagnostics", ()):
            raise failure
    return status


def _compare(inputs: Inputs, reports: Path, environ: Mapping[str, str]) -> int:
    """See to it that there is something to compare with, then run the engine, once; gives its exit code."""
    try:
        clone = Clone(start=inputs.folder, announce=announce)
    except NotARepository as error:
        raise TaxonomyError(
            "there is no checkout in the workspace of this job.",
            Remedy("Put it before this action:", "uses: actions/checkout"),
        ) from error
    base = provide(clone, inputs.base, environ)
    # One format can go to the log; the engine's report as JSON is what the outputs are made from.
    log = "github" if "github" in inputs.formats else "text"
    formats = dict.fromkeys(("json", *inputs.formats))
    options = Options(
        given=Given(fail_on=inputs.fail_on),
        outputs=[(log, None), *((name, reports / FILES[name]) for name in formats if name != log)],
        fail_if_empty=False,
        jobs=None,
        no_cache=True,
        quiet=False,
    )
    status = diff.run(Selection(taxonomy_path=inputs.folder, base=base), options)
    _remark(_read(reports), clone)
    return status


def _remark(report: Any, clone: Clone) -> None:
    """Say aloud if the base holds all that is checked out, as in a manual run of the default branch: that is no check.

    Where something is proposed, the engine refuses it.
    """
    comparison, head = report["comparison"], clone.repository.head()
    if head is None or comparison["start"] != head or report["leaves"]:
        return
    itself = comparison["base_commit"] == head
    what = f"the base itself, {comparison['base']}" if itself else f"what its base, {comparison['base']}, holds already"
    said = f"what is checked out is {what}, so no leaf could differ."
    advice = "Give the action another `base`: a ref, or `empty` for all leaves."
    sys.stdout.write(workflow_command("notice", said, advice))


def _outputs(reports: Path) -> dict[str, str]:
    """All outputs, as far as there is a report to take them from."""
    known = dict.fromkeys(OUTPUTS, "") | {"reports": str(reports)}
    if not (reports / FILES["json"]).exists():
        return known
    report = _read(reports)
    leaves = [leaf["path"] for leaf in report["leaves"]]
    present = [leaf["path"] for leaf in report["leaves"] if leaf["change"] != "removed"]
    jobs = matrix(present)
    sarif = reports / FILES["sarif"]
    return known | {
        **listed("changed-leaves", leaves, reports),
        **listed("matrix", jobs, reports),
        "matrix-size": str(min(len(present), MOST_JOBS)),
        "count": str(len(leaves)),
        "errors": str(report["summary"]["errors"]),
        "warnings": str(report["summary"]["warnings"]),
        "report": str(reports / FILES["json"]),
        "sarif": str(sarif) if sarif.exists() else "",
    }


def _read(reports: Path) -> Any:
    return json.loads((reports / FILES["json"]).read_bytes())


def _folder(workspace: Path, name: str) -> Path:
    """The taxonomy's root in the workspace.

    A pull request could put a link in its place, to a folder in which nothing is wrong; so no link is followed.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise TaxonomyError(f"the input `working-directory` leaves the workspace: `{name}`.")
    folder = workspace
    for part in path.parts:
        folder /= part
        if folder.is_symlink():
            raise TaxonomyError(f"the input `working-directory` leads through a symbolic link: `{name}`.")
    if not folder.is_dir():
        raise TaxonomyError(
            f"there is no folder `{name}` in the workspace.", "Name the taxonomy's root in `working-directory`."
        )
    return folder
