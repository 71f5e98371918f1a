"""Documents become passages of about the same length, which together hold all of their text."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.generate.documents import FEWEST_WORDS, MOST_WORDS, passages_of, read_passages
from taxonomy_tools.generate.extraction import Block, UnreadableDocument
from taxonomy_tools.generate.fetching import Policy
from taxonomy_tools.generate.prompting import Passage
from taxonomy_tools.leaf import SourceDocument
from taxonomy_tools.words import count_words
from tests.generate.extraction_test import pdf
from tests.git_server import serving
from tests.repository import Repo

HOST = "docs.example.org"


def words(count: int, word: str = "wren") -> str:
    return " ".join([word] * count)


def texts(*blocks: Block) -> list[str]:
    return [passage.text for passage in passages_of("a.md", blocks)]


def test_short_document_is_one_passage_with_its_headings() -> None:
    blocks = (
        Block(text="Before."),
        Block(text="Sings.", headings=("Birds", "Wren")),
        Block(text="Small.", headings=("Birds", "Wren")),
        Block(text="Red.", headings=("Birds", "Robin")),
        Block(text="Swim.", headings=("Fish",)),
    )
    assert list(passages_of("a.md", blocks)) == [
        Passage(
            text="Before.\n\n# Birds\n\n## Wren\n\nSings.\n\nSmall.\n\n## Robin\n\nRed.\n\n# Fish\n\nSwim.",
            origin="a.md, part 1",
        )
    ]


def test_passages_end_between_blocks() -> None:
    blocks = [Block(text=words(150, f"w{number}")) for number in range(7)]
    assert [count_words(text) for text in texts(*blocks)] == [450, 450, 150]
    assert "\n\n".join(texts(*blocks)) == "\n\n".join(block.text for block in blocks)


def test_passage_says_the_headings_it_stands_under_anew() -> None:
    blocks = [Block(text=words(500), headings=("Birds", "Wren")) for _ in range(2)]
    assert texts(*blocks) == [f"# Birds\n\n## Wren\n\n{words(500)}"] * 2


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        pytest.param("\n".join([words(100)] * 13), [600, 600, 100], id="at ends of lines"),
        pytest.param(" ".join([f"{words(100)}."] * 13), [600, 600, 100], id="at ends of sentences"),
        pytest.param("鹪鹩唱歌。" * 500, [600, 600, 50], id="at ends of Chinese sentences"),
        pytest.param("鹪" * 3000, [600, 600, 300], id="anywhere"),
        pytest.param("x" * 12_000, [1] * 10, id="what has no spaces"),
    ],
)
def test_long_block_is_cut(text: str, counts: list[int]) -> None:
    found = texts(Block(text=text))
    assert "".join("".join(found).split()) == "".join(text.split())
    if len(set(counts)) > 1:
        assert max(map(count_words, found)) <= MOST_WORDS
    assert len(found) >= 2


parts = ["wren", "鹪鹩", "。", ".", " ", "\n", "x" * 700, words(90), "é"]
pieces = st.lists(st.sampled_from(parts), max_size=40).map("".join)


@given(st.lists(pieces, max_size=8))
def test_passages_hold_all_text_and_are_of_bounded_length(contents: list[str]) -> None:
    found = texts(*(Block(text=content) for content in contents))
    assert "".join("".join(found).split()) == "".join("".join(contents).split())
    assert all(text.strip() for text in found)
    assert all(count_words(text) <= MOST_WORDS and len(text) <= 12 * MOST_WORDS for text in found)
    for one, other in pairwise(found):
        # Or they would be one. Ten characters without a space count as a word.
        assert count_words(one) + count_words(other) + len(one + other) // 10 > FEWEST_WORDS


def test_passages_hold_nothing_that_nobody_sees() -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    blocks = [Block(text=f"A wr\xaden\u202e sings.\u2028Small{hidden}.", headings=(f"Bi\u200brds{hidden}",))]
    assert texts(*blocks) == ["# Birds\n\nA wren sings.\nSmall."]
    assert texts(Block(text="👩‍🚀 می‌خواهم")) == ["👩‍🚀 می‌خواهم"]


# --- from a server


@pytest.fixture
def docs(make_repo: Callable[[str], Repo]) -> Repo:
    repo = make_repo("served/birds")
    repo.commit(
        {"b.md": f"# Finch\n\n{words(500)}\n\nMore.\n", "a.pdf": pdf(["Wrens sing."]), "empty.md": "", "notes.txt": "x"}
    )
    return repo


def read(docs: Repo, *patterns: str, seconds: float = 60) -> tuple[Passage, ...]:
    with serving(docs.path.parent, HOST) as server:
        policy = Policy(
            port=server.port,
            ca_file=str(server.ca_file),
            resolve=lambda host: ["127.0.0.1"],
            permits=lambda address: True,
        )
        source = SourceDocument(repo=f"https://{HOST}/birds/.git", commit=docs.head, patterns=patterns)
        return read_passages(source, replace(policy, seconds=30), seconds=seconds)


def test_passages_of_a_leaf_are_those_of_its_documents(docs: Repo) -> None:
    assert read(docs, "*.md", "*.pdf") == (
        Passage(text="Wrens sing.", origin="a.pdf, part 1"),
        Passage(text=f"# Finch\n\n{words(500)}", origin="b.md, part 1"),
        Passage(text="# Finch\n\nMore.", origin="b.md, part 2"),
    )


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        pytest.param("*.txt", "notes.txt is neither Markdown (.md) nor PDF (.pdf).", id="of another type"),
        pytest.param("empty.md", f"the documents of https://{HOST}/birds/.git have no text.", id="empty"),
    ],
)
def test_documents_without_text_are_told(docs: Repo, pattern: str, told: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read(docs, pattern)
    assert caught.value.message == told


def test_documents_are_read_within_a_time_for_all_of_them(docs: Repo) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read(docs, "*.md", "*.pdf", seconds=0.01)
    assert caught.value.message == f"the documents of https://{HOST}/birds/.git take more than 0.01 seconds to read."
