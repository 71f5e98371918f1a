"""The file goes beyond what a leaf can need.

What it flags
    More than 1 MiB, collections nested more than 100 deep, more than 100,000 values once aliases are followed, an alias
    inside what it names, more than 1,000 numbers as keys of one mapping or lines that start with `%`, or text on which
    yamllint does not finish within 10 seconds.

Why
    Such a file is a mistake or an attack: a few bytes of YAML can take minutes and gigabytes to read. The limits hold
    for every check, on a laptop and in CI, and no leaf of the public taxonomy comes near them.

Instead
    Split the leaf, and leave long documents to the repository that `document:` names.

For example
    a: [[[[[[[[[[ and 90 brackets more
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, problems

CODE = "TX005"
NAME = "too-complex"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """The files of the leaf that reading refused for this reason."""
    yield from problems(subject, CODE)
