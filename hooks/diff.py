"""taxonomy-diff: which leaves a push would change, and what is wrong with them."""

from collections.abc import Sequence

from taxonomy_tools import hook


def main(argv: Sequence[str] | None = None) -> int:
    """Run `taxonomy diff` on what is pushed, on the index while Git makes a commit, else on the working tree.

    What is pushed is in variables that pre-commit sets, by which `taxonomy diff` goes. Gives the exit code.
    """
    return hook.diff("taxonomy-diff", argv)
