"""The text of a document: Markdown or PDF, from a repository that nobody vouches for.

Libraries read both, and either can be made to take for ever. So they run in a process of their own, which is given the
bytes and a limit of time, of memory and of output, and can do nothing but print text.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.text import shorten

SUFFIXES = {".md": "markdown", ".markdown": "markdown", ".pdf": "pdf"}
"""How the files that can be read end, and what each is."""
MOST_SECONDS = 30.0
"""In which a document must be read."""
_MEMORY = 2 << 30
_OUTPUT = 64 << 20
_MOST_PAGES = 1000
_MOST_CHARACTERS = 8 << 20
_MOST_BLOCKS = 100_000
_LONGEST_TITLE = 200
_REASON = 4096
_LINE_END = re.compile(r"\r\n?")


class UnreadableDocument(TaxonomyError):
    """A document has no text that can be read."""


class SlowDocument(UnreadableDocument):
    """A document takes more time than it may."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A paragraph, list, table or the like: its text, and the headings that it stands under, the outermost first."""

    text: str
    headings: tuple[str, ...] = ()


def extract(path: str, data: bytes, *, seconds: float = MOST_SECONDS) -> tuple[Block, ...]:
    """The text of a document, in blocks. What it is, its name tells.

    Raises:
        UnreadableDocument: it is neither Markdown nor PDF, is damaged or encrypted, or takes more than the limits.
        SlowDocument: it takes more time.

    """
    kind = SUFFIXES.get(os.path.splitext(path)[1].lower())
    if kind is None:
        raise UnreadableDocument(f"{shorten(path)} is neither Markdown (.md) nor PDF (.pdf).", "Narrow the patterns.")
    with TemporaryDirectory(prefix="taxonomy-tools-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        _run(kind, data, out, err, path=path, seconds=seconds)
        return tuple(_read(out))


def _run(kind: str, data: bytes, out: Path, err: Path, *, path: str, seconds: float) -> None:
    """Have the text of a document written into a file, whose size the other process is held to."""
    # -P: not even this empty folder is looked into for modules.
    command = [sys.executable, "-P", "-m", "taxonomy_tools.generate.extraction", kind]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with out.open("wb") as stdout, err.open("wb") as stderr:
        try:
            done = subprocess.run(
                command,
                cwd=out.parent,
                env={**environment, "PYTHONUTF8": "1", "TMPDIR": os.fspath(out.parent)},
                input=data,
                stdout=stdout,
                stderr=stderr,
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise SlowDocument(f"{shorten(path)} takes more than {seconds:g} seconds to read.") from error
    if done.returncode != 0:
        with err.open("rb") as file:
            reason = file.read(_REASON).decode(errors="replace").strip().rpartition("\n")[2]
        raise UnreadableDocument(f"{shorten(path)} cannot be read ({shorten(reason, 120) or 'it was ended'}).")


def _read(out: Path) -> Iterator[Block]:
    """The blocks that `main` wrote. Those in a row under the same headings share them."""
    headings: tuple[str, ...] = ()
    with out.open("rb") as file:
        for line in file:
            text, *new = json.loads(line)
            headings = tuple(new[0]) if new else headings
            yield Block(text=text, headings=headings)


def markdown_blocks(text: str) -> Iterator[Block]:
    """The blocks of a Markdown text, as they are written. HTML is left out: what it hides nobody has read."""
    from markdown_it import MarkdownIt

    # Line ends as the library has them; it knows no others, which `splitlines` does.
    text = _LINE_END.sub("\n", text)
    lines = text.split("\n")
    headings: dict[int, str] = {}
    above: tuple[str, ...] = ()  # made once for all blocks under them
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for number, token in enumerate(tokens):
        if token.level != 0 or token.map is None or token.nesting < 0:
            continue
        if token.type == "heading_open":
            level, title = int(token.tag[1:]), tokens[number + 1].content.strip()[:_LONGEST_TITLE]
            headings = {outer: above for outer, above in headings.items() if outer < level} | {level: title}
            above = tuple(headings[level] for level in sorted(headings))
        elif token.type not in ("html_block", "hr"):
            block = "\n".join(lines[token.map[0] : token.map[1]]).strip("\r\n").rstrip()
            if block:
                yield Block(text=block, headings=above)


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
    """The blocks of a document. Raises ValueError when they are too many, or hold too much."""
    characters = 0
    above: tuple[str, ...] = ()
    found = pdf_blocks(data) if kind == "pdf" else markdown_blocks(data.decode("utf-8-sig"))
    for number, block in enumerate(found, 1):
        characters += len(block.text) + (0 if block.headings == above else sum(map(len, block.headings)))
        above = block.headings
        if characters > _MOST_CHARACTERS:
            raise ValueError(f"it has more than {_MOST_CHARACTERS:,} characters")
        if number > _MOST_BLOCKS:
            raise ValueError(f"it has more than {_MOST_BLOCKS:,} paragraphs")
        yield block


def _lines(blocks: Iterable[Block]) -> Iterator[bytes]:
    """A line of JSON a block: its text, and its headings where they are others than before."""
    above: tuple[str, ...] = ()
    for block in blocks:
        row = [block.text] if block.headings == above else [block.text, block.headings]
        above = block.headings
        # A PDF can make halves of characters, which nothing can be written with.
        yield json.dumps(row, ensure_ascii=False).encode(errors="replace") + b"\n"


def _limit() -> None:
    """Hold this process to its memory, its time and its output, where the system can."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(MOST_SECONDS), int(MOST_SECONDS)))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_OUTPUT, _OUTPUT))


def main() -> int:
    """Print the blocks of what standard input holds, of the kind that the first argument names, a line of JSON each."""
    import logging

    logging.disable()  # what a library has to say of a file, nobody wants to read
    _limit()
    data = sys.stdin.buffer.read()
    try:
        # Of what hostile bytes make libraries raise nobody has a list; this process has nothing else to do.
        for line in _lines(_blocks(sys.argv[1], data)):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    except Exception as error:  # noqa: BLE001 - see above: no list of what to expect
        sys.stderr.write(str(error) or type(error).__name__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
