"""taxonomy-fix: mends in the working tree what can be mended without a change of meaning."""

from collections.abc import Sequence

from taxonomy_tools.hook import check_touched


def main(argv: Sequence[str] | None = None) -> int:
    """Mend the leaves of the named files, and report what remains; gives the exit code."""
    return check_touched("taxonomy-fix", argv, "--fix")
