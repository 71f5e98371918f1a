"""Text comes out of Markdown and PDF, and nothing else does."""

import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from contextlib import suppress

import pytest

from taxonomy_tools.generate.extraction import Block, UnreadableDocument, extract, markdown_blocks, pdf_blocks

MARKDOWN = """\
Before all headings.

# Birds

They *sing*, and
fly: [see](https://example.org).

<!-- ignore what was said -->
<div>
hidden
</div>

## Wren

- small
- brown

| where | when |
|-------|------|
| wood  | May  |

***

```python
# no heading
```

Finch
=====

> # Quoted
> A bird.
"""


def pdf(*pages: Sequence[str], encrypt: str = "") -> bytes:
    """A PDF with these pages, of these lines. `encrypt` goes into its trailer."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>")
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number, lines in enumerate(pages):
        shown = " ".join(f"1 0 0 1 72 {720 - 14 * place} Tm ({line}) Tj" for place, line in enumerate(lines))
        stream = f"BT /F1 12 Tf {shown} ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        f"{out}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {encrypt}>>\nstartxref\n{len(out)}\n%%EOF\n"
    ).encode()


def test_markdown_comes_in_blocks_under_its_headings() -> None:
    assert list(markdown_blocks(MARKDOWN)) == [
        Block(text="Before all headings."),
        Block(text="They *sing*, and\nfly: [see](https://example.org).", headings=("Birds",)),
        Block(text="- small\n- brown", headings=("Birds", "Wren")),
        Block(text="| where | when |\n|-------|------|\n| wood  | May  |", headings=("Birds", "Wren")),
        Block(text="```python\n# no heading\n```", headings=("Birds", "Wren")),
        Block(text="> # Quoted\n> A bird.", headings=("Finch",)),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_line_ends_do_not_move_blocks(end: str) -> None:
    text = f"One\u2028and\x85a\x0chalf.{end}{end}# Two{end}{end}Three.{end}"
    assert list(markdown_blocks(text)) == [
        Block(text="One\u2028and\x85a\x0chalf."),
        Block(text="Three.", headings=("Two",)),
    ]


def test_deeper_headings_end_with_those_above() -> None:
    blocks = markdown_blocks("# A\n\n### B\n\none\n\n## C\n\ntwo\n\n# D\n\nthree\n")
    assert [block.headings for block in blocks] == [("A", "B"), ("A", "C"), ("D",)]


def test_titles_are_cut_and_shared() -> None:
    blocks = extract("a.md", b"# " + b"h" * 6000 + b"\n\none\n\ntwo\n\n## deeper\n\nthree\n")
    assert [(block.text, block.headings) for block in blocks] == [
        ("one", ("h" * 200,)),
        ("two", ("h" * 200,)),
        ("three", ("h" * 200, "deeper")),
    ]
    assert blocks[0].headings is blocks[1].headings


def test_many_blocks_under_a_long_heading_take_little_memory() -> None:
    data = ("# " + "h" * 6000 + "\n\n" + "a\n\n" * 60_000).encode()
    tracemalloc.start()
    try:
        assert len(extract("a.md", data)) == 60_000
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no limit of files' sizes")
def test_output_is_limited() -> None:
    """The process is held to a size of files, and writes into one."""
    script = "from taxonomy_tools.generate import extraction; extraction._limit(); print('x' * (65 << 20), flush=True)"
    with tempfile.TemporaryFile() as file:
        done = subprocess.run([sys.executable, "-P", "-c", script], stdout=file, stderr=subprocess.PIPE, check=False)
        assert (done.returncode != 0, file.seek(0, os.SEEK_END) <= 64 << 20) == (True, True)


def test_pdf_comes_page_by_page() -> None:
    assert list(pdf_blocks(pdf(["Wrens sing.", "They are small."], ["Finches too."]))) == [
        Block(text="Wrens sing.\nThey are small."),
        Block(text="Finches too."),
    ]


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        pytest.param("a/b.md", b"\xef\xbb\xbf# Wren\n\nSings.", (Block(text="Sings.", headings=("Wren",)),), id="md"),
        pytest.param("WREN.MARKDOWN", b"Sings.", (Block(text="Sings."),), id="markdown"),
        pytest.param("wren.PDF", pdf(["Wrens sing."]), (Block(text="Wrens sing."),), id="pdf"),
        pytest.param("empty.md", b"", (), id="nothing"),
    ],
)
def test_documents_are_read_in_a_process_of_their_own(path: str, data: bytes, expected: tuple[Block, ...]) -> None:
    assert extract(path, data) == expected


@pytest.mark.parametrize(
    ("path", "data", "told"),
    [
        pytest.param("a.txt", b"", "a.txt is neither Markdown (.md) nor PDF (.pdf).", id="another type"),
        pytest.param("md", b"", "md is neither Markdown (.md) nor PDF (.pdf).", id="no type"),
        pytest.param(
            "a.md",
            b"caf\xe9",
            "a.md cannot be read ('utf-8' codec can't decode byte 0xe9 in position 3: unexpected end of data).",
            id="no UTF-8",
        ),
        pytest.param("a.md", b"x\n\n" * (3 << 20), "a.md takes more than 1 seconds to read.", id="too slow"),
        pytest.param(
            "a.md", b"x\n\n" * 100_001, "a.md cannot be read (it has more than 100,000 paragraphs).", id="many"
        ),
        pytest.param(
            "a.md",
            b"".join(b"# %d %s\n\nx\n\n" % (number, b"h" * 300) for number in range(45_000)),
            "a.md cannot be read (it has more than 8,388,608 characters).",
            id="too many headings",
        ),
        pytest.param(
            "a.md", b"x" * (9 << 20), "a.md cannot be read (it has more than 8,388,608 characters).", id="too large"
        ),
    ],
)
def test_document_that_cannot_be_read(path: str, data: bytes, told: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        extract(path, data, seconds=1 if "slow" in told or "seconds" in told else 30)
    assert caught.value.message == told


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"no PDF at all", id="something else"),
        pytest.param(pdf(["Wrens sing."])[:200], id="cut"),
        pytest.param(
            pdf(["x"], encrypt="/Encrypt << /Filter /Standard /V 1 /R 2 /O (x) /U (x) /P -4 >> /ID [(a) (a)] "),
            id="encrypted",
        ),
        pytest.param(pdf(*[["x"]] * 1001), id="too many pages"),
    ],
)
def test_pdf_that_cannot_be_read(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match=r"^a\.pdf cannot be read \(.+\)\.$"):
        extract("a.pdf", data)


def test_hostile_nesting_ends_in_time() -> None:
    began = time.monotonic()
    text = b"> " * 100_000 + b"[" * 100_000
    with suppress(UnreadableDocument):
        extract("a.md", text, seconds=5)
    assert time.monotonic() - began < 20
