"""Passages of the documents that a knowledge leaf names, for samples to be about: only when --online asks for them."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from taxonomy_tools.generate.extraction import MOST_SECONDS, Block, SlowDocument, UnreadableDocument, extract
from taxonomy_tools.generate.fetching import PUBLIC, Policy, fetch
from taxonomy_tools.generate.prompting import Passage
from taxonomy_tools.leaf import SourceDocument
from taxonomy_tools.rules.hidden_characters import hidden_stretches
from taxonomy_tools.text import shorten
from taxonomy_tools.words import count_words

MOST_PASSAGES = 5_000
FEWEST_WORDS, MOST_WORDS = 400, 600
"""A passage ends at the first block after so many words, and never has more than so many; headings not counted."""
_LONGEST_PIECE = 2 * MOST_WORDS
"""Code points: no text that short has more words, as a word and the space after it are two."""
_LONGEST_WORD = 10
"""Code points that count as a word at most."""
_LINE_END = re.compile(r"(?<=\n)")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?=\s)|(?<=[。！？])")
_SECONDS = 120.0
"""In which all files of a leaf must be read."""
_BETWEEN_BLOCKS = "\n\n"


def read_passages(source: SourceDocument, policy: Policy = PUBLIC, *, seconds: float = _SECONDS) -> tuple[Passage, ...]:
    """The passages of a leaf's documents, in the order of their files and in the files.

    Beside the time that fetching has, reading all of them may take so many `seconds`.

    Raises:
        UnreachableDocument, UnreadableDocument: they cannot be fetched or read, and why.
        TaxonomyError: Git is missing or too old.

    """
    name = shorten(source.repo)
    passages: list[Passage] = []
    left = seconds
    with closing(fetch(source, policy)) as files:
        for file in files:
            began = time.monotonic()
            try:
                blocks = extract(file.path, file.data, seconds=max(0.0, min(left, MOST_SECONDS)))
            except SlowDocument as error:
                if left >= MOST_SECONDS:
                    raise
                raise UnreadableDocument(
                    f"the documents of {name} take more than {seconds:g} seconds to read.", "Narrow the patterns."
                ) from error
            passages += passages_of(file.path, blocks)
            left -= time.monotonic() - began
            if len(passages) > MOST_PASSAGES:
                raise UnreadableDocument(
                    f"the documents of {name} have more than {MOST_PASSAGES:,} passages.", "Narrow the patterns."
                )
    if not passages:
        raise UnreadableDocument(f"the documents of {name} have no text.", "Pages of pictures cannot be read.")
    return tuple(passages)


def passages_of(path: str, blocks: Iterable[Block]) -> Iterator[Passage]:
    """The passages of one file: blocks in a row, with the headings that they stand under above them."""
    for number, blocks_of_one in enumerate(_grouped(_pieces(blocks)), 1):
        yield Passage(text=_spelled(blocks_of_one), origin=f"{path}, part {number}")


def _grouped(blocks: Iterable[Block]) -> Iterator[Sequence[Block]]:
    """Blocks in groups of 400 to 600 words, the last of which may have fewer."""
    group: list[Block] = []
    words = 0
    for block in blocks:
        more = _length(block.text)
        if group and (words >= FEWEST_WORDS or words + more > MOST_WORDS):
            yield group
            group, words = [], 0
        group.append(block)
        words += more
    if group:
        yield group


def _pieces(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks; one that is too long in pieces, cut where that hurts least."""
    above: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    for block in blocks:
        if block.headings != above:
            above, headings = block.headings, tuple(map(_seen, block.headings))
        for text in _cut(_seen(block.text)):
            if text.strip():
                yield Block(text=text.strip("\n"), headings=headings)


def _seen(text: str) -> str:
    """A text without the characters that nobody sees (TX510): what they say, nobody has read."""
    if text.isascii() and text.isprintable():
        return text
    parts, at = [], 0
    for start, end, hidden in hidden_stretches(text):
        parts += [text[at:start], "\n" if len(f"a{hidden}a".splitlines()) > 1 else ""]
        at = end
    return "".join([*parts, text[at:]])


def _cut(text: str) -> Iterator[str]:
    """A text in parts that are short enough: at ends of lines, else of sentences, else anywhere."""
    if _length(text) <= MOST_WORDS:
        yield text
        return
    for joint in (_LINE_END, _SENTENCE_END):
        parts = list(_joined(joint.split(text)))
        if len(parts) > 1:
            for part in parts:
                yield from _cut(part)
            return
    for start in range(0, len(text), _LONGEST_PIECE):
        yield text[start : start + _LONGEST_PIECE]


def _joined(parts: Iterable[str]) -> Iterator[str]:
    """Parts put together again, as many in a row as a passage may have."""
    held: list[str] = []
    words = 0
    for part in parts:
        more = _length(part)
        if held and words + more > MOST_WORDS:
            yield "".join(held)
            held, words = [], 0
        held.append(part)
        words += more
    if held:
        yield "".join(held)


def _length(text: str) -> int:
    """The words of a text; what has no spaces for long (a table of hashes, a picture as text) counts as several."""
    return max(count_words(text), len(text) // _LONGEST_WORD)


def _spelled(blocks: Sequence[Block]) -> str:
    """Blocks as text, each of whose headings is said once."""
    lines: list[str] = []
    above: tuple[str, ...] = ()
    for block in blocks:
        same = next((i for i, pair in enumerate(zip(above, block.headings, strict=False)) if pair[0] != pair[1]), None)
        kept = min(len(above), len(block.headings)) if same is None else same
        lines += [f"{'#' * (level + 1)} {block.headings[level]}" for level in range(kept, len(block.headings))]
        lines.append(block.text)
        above = block.headings
    return _BETWEEN_BLOCKS.join(lines)
