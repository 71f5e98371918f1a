"""taxonomy-layout: whether leaf files lie where they should, and nothing else does."""

from collections.abc import Sequence

from taxonomy_tools.hook import check_touched


def main(argv: Sequence[str] | None = None) -> int:
    """Check only where the leaves of the named files lie, and fail on a warning too: most of these rules give no more.

    Gives the exit code.
    """
    return check_touched("taxonomy-layout", argv, "--select=TX1", "--fail-on=warning")
