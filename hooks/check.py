"""taxonomy-check: what is wrong with the leaves that a commit touches."""

from collections.abc import Sequence

from taxonomy_tools.hook import check_touched


def main(argv: Sequence[str] | None = None) -> int:
    """Check the leaves of the named files, and those that the commit removes a file of; gives the exit code."""
    return check_touched("taxonomy-check", argv)
