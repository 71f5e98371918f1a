"""The text of a document: Markdown or PDF, from a repository that nobody vouches for.

Libraries read both, and either can be made to take for ever. So they run in a process of their own, which is given the
bytes and a limit of time and of memory, and can do nothing but print text.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from tempfile import TemporaryDirectory

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.text import shorten

SUFFIXES = {".md": "markdown", ".markdown": "markdown", ".pdf": "pdf"}
"""How the files that can be read end, and what each is."""
_SECONDS = 30.0
_MEMORY = 2 << 30
_MOST_PAGES = 1000
_MOST_CHARACTERS = 8 << 20
_LINE_END = re.compile(r"\r\n?")


class UnreadableDocument(TaxonomyError):
    """A document has no text that can be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A paragraph, list, table or the like: its text, and the headings that it stands under, the outermost first."""

    text: str
    headings: tuple[str, ...] = ()


def extract(path: str, data: bytes, *, seconds: float = _SECONDS) -> tuple[Block, ...]:
    """The text of a document, in blocks. What it is, its name tells.

    Raises:
        UnreadableDocument: it is neither Markdown nor PDF, is damaged or encrypted, or takes more than the limits.

    """
    kind = SUFFIXES.get(os.path.splitext(path)[1].lower())
    if kind is None:
        raise UnreadableDocument(f"{shorten(path)} is neither Markdown (.md) nor PDF (.pdf).", "Narrow the patterns.")
    with TemporaryDirectory(prefix="taxonomy-tools-") as folder:
        # -P: not even this empty folder is looked into for modules.
        command = [sys.executable, "-P", "-m", "taxonomy_tools.generate.extraction", kind]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env={**environment, "PYTHONUTF8": "1", "TMPDIR": folder},
                input=data,
                capture_output=True,
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise UnreadableDocument(f"{shorten(path)} takes more than {seconds:g} seconds to read.") from error
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise UnreadableDocument(f"{shorten(path)} cannot be read ({shorten(reason, 120) or 'it was ended'}).")
    return tuple(Block(text=block["text"], headings=tuple(block["headings"])) for block in json.loads(done.stdout))


def markdown_blocks(text: str) -> Iterator[Block]:
    """The blocks of a Markdown text, as they are written. HTML is left out: what it hides nobody has read."""
    from markdown_it import MarkdownIt

    # Line ends as the library has them; it knows no others, which `splitlines` does.
    text = _LINE_END.sub("\n", text)
    lines = text.split("\n")
    headings: dict[int, str] = {}
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for number, token in enumerate(tokens):
        if token.level != 0 or token.map is None or token.nesting < 0:
            continue
        if token.type == "heading_open":
            level, title = int(token.tag[1:]), tokens[number + 1].content.strip()
            headings = {outer: above for outer, above in headings.items() if outer < level} | {level: title}
        elif token.type not in ("html_block", "hr"):
            block = "\n".join(lines[token.map[0] : token.map[1]]).strip("\r\n").rstrip()
            if block:
                yield Block(text=block, headings=tuple(headings[level] for level in sorted(headings)))


def pdf_blocks(data: bytes) -> Iterator[Block]:
    """The paragraphs of a PDF, page by page. Raises ValueError for what is none that can be read."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted:
            raise ValueError("it is encrypted")
        if len(reader.pages) > _MOST_PAGES:
            raise ValueError(f"it has {len(reader.pages):,} pages, more than {_MOST_PAGES:,}")
        for page in reader.pages:
            for paragraph in page.extract_text().split("\n\n"):
                text = "\n".join(line.rstrip() for line in paragraph.splitlines()).strip("\n")
                if text.strip():
                    yield Block(text=text)
    except PyPdfError as error:
        raise ValueError(str(error)) from error


def _blocks(kind: str, data: bytes) -> Iterator[Block]:
    left = _MOST_CHARACTERS
    text = "" if kind == "pdf" else data.decode("utf-8-sig")
    for block in pdf_blocks(data) if kind == "pdf" else markdown_blocks(text):
        left -= len(block.text)
        if left < 0:
            raise ValueError(f"it has more than {_MOST_CHARACTERS:,} characters")
        yield block


def _limit() -> None:
    """Hold this process to its memory and time, where the system can."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(_SECONDS), int(_SECONDS)))


def main() -> int:
    """Print the blocks of what standard input holds, of the kind that the first argument names, as JSON."""
    import logging

    logging.disable()  # what a library has to say of a file, nobody wants to read
    _limit()
    data = sys.stdin.buffer.read()
    try:
        # Of what hostile bytes make libraries raise nobody has a list; this process has nothing else to do.
        blocks = [asdict(block) for block in _blocks(sys.argv[1], data)]
    except Exception as error:  # noqa: BLE001
        sys.stderr.write(str(error) or type(error).__name__)
        return 1
    sys.stdout.buffer.write(json.dumps(blocks).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
