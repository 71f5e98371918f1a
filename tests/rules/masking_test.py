"""What a leaf should not hold is shown by no report of it: in no line, in no message, whichever rule tells of it."""

from time import process_time

import pytest

from taxonomy_tools.api import check
from taxonomy_tools.diagnostics import Diagnostic, Span
from taxonomy_tools.document import Document, load
from taxonomy_tools.rules.masking import Masks, masks_of
from taxonomy_tools.text import Text
from tests.leaves import ATTRIBUTION, skill
from tests.repository import Repo

LEAF = "compositional_skills/rhymes"


def masks(text: str) -> Masks:
    document = load(text.encode())
    assert isinstance(document, Document)
    found = masks_of(document)
    assert found is not None
    return found


def shown(text: str) -> str:
    """A document as reports show it, all of its lines."""
    found, lines = masks(text), Text(text)
    frames = (lines.frame(Span.at(number, 1)) for number in range(1, lines.lines + 1))
    return "\n".join(found.frame(frame)[-1].text for frame in frames)


def answering(answer: str, more: str = "") -> str:
    return f"seed_examples:\n- question: a\n  answer: {answer}\n{more}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            answering("eva@firma.de # eva@firma.de"), answering("e**@firma.de # e**@firma.de"), id="also in a comment"
        ),
        pytest.param(
            answering(">-\n    Call +49 171\n    2345678 or so."),
            answering(">-\n    Call +** ***\n    *****78 or so."),
            id="folded",
        ),
        pytest.param(
            answering("|\n    4512 8866 0487 6479\n    1234\n"),
            answering("|\n    **** **** **** **79\n    1234\n"),
            id="with a number below",
        ),
        pytest.param(
            answering(r'"jo\x40firma.de,\neva@f\u0069rma.de"'),
            answering(r'"j*\x40firma.de,\ne**@f\u0069rma.de"'),
            id="escaped",
        ),
        pytest.param(
            answering('"so it is e\\\n    va@firma.de"'), answering('"so it is e\\\n    **@firma.de"'), id="joined"
        ),
        pytest.param(
            answering(r"a\neva@firma.de, eva@firma.de"), answering(r"a\n***@firma.de, e**@firma.de"), id="no escape"
        ),
        pytest.param(
            "document:\n  repo: https://bo:pass@firma.de/a\n  commit: bo:pass\n",
            "document:\n  repo: https://*******@firma.de/a\n  commit: bo:pass\n",
            id="a login",
        ),
        pytest.param(
            "document: {repo: 'ssh://bo:pass@firma.de/a'}\n", "document: {repo: 'ssh://*******@firma.de/a'}\n", id="ssh"
        ),
    ],
)
def test_lines_of_a_document(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param("`Ask max.power@firma.de.` is long", "`Ask m********@firma.de.` is long", id="whole"),
        pytest.param("`Ask max.pow…way`", "`Ask m******…way`", id="its beginning"),
        pytest.param("`Do…ower@firma.de.`", "`Do…****@firma.de.`", id="its end"),
        pytest.param("`Do…eva@firma.de.` max", "`Do…eva@firma.de.` max", id="what the leaf does not hold"),
    ],
)
def test_words_of_a_message(message: str, expected: str) -> None:
    assert masks(answering("Ask max.power@firma.de.")).words(message) == expected


def test_nothing_is_hidden_where_nothing_is_to_be() -> None:
    document = load(answering("git@github.com:a/b, https://bo:pw@firma.de", "created_by: eva@firma.de\n").encode())
    assert isinstance(document, Document)
    assert masks_of(document) is None


def test_what_is_beyond_a_frame_is_hidden_where_it_is_cut() -> None:
    text = answering(f"{'x ' * 40}jo.miller.the.third@gmail.com {'y ' * 40}")
    *_, line = masks(text).frame(Text(text).frame(Span.at(3, 100)))
    assert "ill" not in line.text
    assert line.cut


def told(repo: Repo) -> list[Diagnostic]:
    return [found for leaf in check(repo.path).leaves for found in leaf.diagnostics]


def published(diagnostics: list[Diagnostic]) -> str:
    return "\n".join(
        text for found in diagnostics for text in (found.message, found.hint, *(line.text for line in found.frame))
    )


def test_no_rule_shows_it(repo: Repo) -> None:
    """Findings on its line and on the next one, an ignore beside it, and another leaf that asks the same."""
    asking = "  - question: Who is eva.power@firma.de today?\n    answer: She is Eva.  \n"
    used = "  # taxonomy: ignore TX999 for +49 171 2345678\n  - question: A?\n    answer: Call +49 171 2345678\n"
    for name in ("a", "b"):
        repo.write(f"{LEAF}/{name}/qna.yaml", skill() + asking + used)
        repo.write(f"{LEAF}/{name}/attribution.txt", ATTRIBUTION)
    found = told(repo)
    assert {"TX200", "TX202", "TX502", "TX507"} <= {one.code for one in found}
    text = published(found)
    assert "power" not in text
    assert "171" not in text
    assert "e********@firma.de" in text
    assert published(told(repo)) == text  # from the cache


def test_a_login_is_shown_by_no_rule(repo: Repo) -> None:
    repo.write(
        "knowledge/a/qna.yaml",
        "version: 3\ncreated_by: jo\ndocument:\n  repo: https://bo:secret@github.com/example/q\n  commit: 1f3c1a2\n",
    )
    found = told(repo)
    assert {"TX601", "TX602"} <= {one.code for one in found}
    assert "secret" not in published(found)


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param("jo@firma.de ", id="one address"),
        pytest.param("+49 171 2345678\\n", id="escapes"),
        pytest.param("https://a:", id="no login"),
    ],
)
def test_hostile_text_takes_no_time(unit: str) -> None:
    text = answering(f'"{unit * (1_000_000 // len(unit))} eva@firma.de"')
    start = process_time()
    found = masks(text)
    for _ in range(1000):
        found.words("`https://a:a … eva@fir…`")
        found.frame(Text(text[:100]).frame(Span.at(3, 1)))
    assert process_time() - start < 30
