"""`taxonomy check`: the given leaves, or all of them, validated."""

import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

from taxonomy_tools.commands.reporting import Options, announce, report
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.plan import Selection, plan_check
from taxonomy_tools.source import MAX_BYTES


def run(selection: Selection, options: Options) -> int:
    """Check and report; gives the exit code. Raises TaxonomyError when the job cannot be done."""
    return report(lambda: plan_check(selection, given=options.given, announce=announce), options)


def unsaved(selection: Selection, path: Path) -> Selection:
    """The selection of one leaf file, whose content comes from standard input. Raises TaxonomyError if none comes."""
    try:
        # A terminal would wait for somebody to type, and the null device is what a closed input was replaced by.
        if stat.S_ISCHR(os.fstat(sys.stdin.fileno()).st_mode):
            raise _no_input("it is no file and no pipe")
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
    except OSError as error:
        raise _no_input(error.strerror or str(error)) from error
    return replace(selection, paths=(path,), unsaved=content)


def _no_input(reason: str) -> TaxonomyError:
    return TaxonomyError(
        f"standard input does not give what the file is to hold: {reason}.",
        Remedy("Hand the text over:", "taxonomy check --stdin-filename PATH < FILE"),
    )
