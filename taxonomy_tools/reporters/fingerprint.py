"""Names for findings that stay the same while lines move around them, so that a service can tell old from new."""

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b

from taxonomy_tools.diagnostics import Diagnostic, Severity
from taxonomy_tools.report import LeafReport


def fingerprinted(leaf: LeafReport) -> Iterator[tuple[Diagnostic, str]]:
    """The leaf's diagnostics in order, each with a fingerprint that no other in the run has.

    It is a hash of the rule, the file and the text of the line, and the number of the occurrence among equal ones.
    What is switched off is left out.
    """
    seen: Counter[str] = Counter()
    for diagnostic in sorted(leaf.diagnostics, key=lambda diagnostic: diagnostic.sort_key):
        if diagnostic.severity is Severity.OFF:
            continue
        parts = (leaf.path, diagnostic.code, diagnostic.file, _line(diagnostic))
        spelled = "\0".join(f"{len(part)}:{part}" for part in parts)
        name = blake2b(spelled.encode(errors="surrogatepass"), digest_size=16).hexdigest()
        seen[name] += 1
        yield diagnostic, f"{name}:{seen[name]}"


def _line(diagnostic: Diagnostic) -> str:
    """The text of the line that a diagnostic begins on; what stands in no file has a message that names the commit."""
    return diagnostic.line_text if diagnostic.file else diagnostic.message
