"""What is said of common mistakes in YAML: where a person would look, and how to mend it."""

from dataclasses import dataclass

import pytest
import yaml

from taxonomy_tools import composer
from taxonomy_tools.document import Document, load

LOADERS = [pytest.param("CSafeLoader", id="libyaml"), pytest.param("SafeLoader", id="PyYAML")]


@dataclass(frozen=True, slots=True)
class Case:
    """A text; where the carets are, as in the text with those put in brackets; the message; the hint."""

    text: str
    place: str
    message: str
    hint: str = ""


QUOTE = "put the whole value in quotes"
CASES = {
    "colon in a plain value": Case(
        "answer: The ratio is 2: 1\n", "1:23-24", '": " is not allowed in a value without quotes', QUOTE
    ),
    "colon in a second line of a plain value": Case(
        "a: it is long\n  and Note: it goes on\n", "2:11-12", '": " is not allowed in a value without quotes', QUOTE
    ),
    "apostrophe in single quotes": Case(
        "answer: 'It's fine'\n",
        "1:12-13",
        "this apostrophe ends the quoted text",
        'write it twice, or quote the text with "',
    ),
    "quote in double quotes": Case(
        'answer: "He said "no" to it"\n',
        "1:18-19",
        "this quote ends the quoted text",
        "write \\\" for it, or quote the text with '",
    ),
    "quote that is not closed": Case(
        'answer: "abc\nb: c\n', "1:9-10", 'the quote " that opens here is never closed', "close it where the text ends"
    ),
    "quote that is open at the next document": Case(
        "a: 'x\n---\nb: c\n", "1:4-5", "the quote ' that opens here is never closed", "close it where the text ends"
    ),
    "text after a closing quote": Case(
        'a: "x" is a letter\n',
        "1:8-19",
        "text stands after the closing quote",
        "put the whole value in one pair of quotes",
    ),
    "text after a closing quote of more lines": Case(
        'a: "x\n  y" z\n', "2:6-7", "text stands after the closing quote", "put the whole value in one pair of quotes"
    ),
    "text after a closing bracket": Case(
        "answer: [Note] this is it\n",
        "1:16-26",
        "text stands after the closing bracket",
        "put text that starts with [ in quotes",
    ),
    "text after a closing brace": Case(
        "answer: {name} is it\n",
        "1:16-21",
        "text stands after the closing bracket",
        "put text that starts with { in quotes",
    ),
    "placeholder in braces": Case(
        "answer: {{name}}\n",
        "1:10-16",
        "a key must be a single value, not a list or a mapping",
        "put text that starts with { or [ in quotes",
    ),
    "bracket that is not closed": Case(
        "answer: [a, b\nb: c\n",
        "1:9-10",
        "the bracket `[` that opens here is never closed",
        "close it, or put text that starts with [ in quotes",
    ),
    "brace that is not closed at the end": Case(
        "a: {a: b\n",
        "1:4-5",
        "the bracket `{` that opens here is never closed",
        "close it, or put text that starts with { in quotes",
    ),
    "comma that is missing in brackets": Case(
        'a: [a, "b" c]\n',
        "1:12-13",
        "a comma or the end of what `[` opens is due here",
        "close it, or put text that starts with [ in quotes",
    ),
    "closing bracket alone": Case("a: ]\n", "1:4-5", "a value cannot start with ] unless it is in quotes", QUOTE),
    "two commas": Case(
        "a: [b, , c]\n", "1:8-9", "a value is missing before this comma", "remove the comma, or write the value"
    ),
    "bold Markdown": Case("a: **bold** text\n", "1:4-5", "a value cannot start with * unless it is in quotes", QUOTE),
    "slanted Markdown": Case(
        "a: *bold text*\n",
        "1:4-9",
        "`*bold` stands for nothing: there is no `&bold` above",
        "put text that starts with * in quotes",
    ),
    "text after an anchor's alias": Case(
        "a: &b c\nd: *b and more\n",
        "2:7-15",
        "text stands after a name with *",
        "put text that starts with * in quotes",
    ),
    "ampersand": Case("a: & b\n", "1:4-5", "a value cannot start with & unless it is in quotes", QUOTE),
    "at sign": Case("a: @user\n", "1:4-5", "a value cannot start with @ unless it is in quotes", QUOTE),
    "backquote": Case("a: `code`\n", "1:4-5", "a value cannot start with ` unless it is in quotes", QUOTE),
    "percent sign": Case("a: %d\n", "1:4-5", "a value cannot start with % unless it is in quotes", QUOTE),
    "question mark": Case("a: ? b\n", "1:4-5", "a value cannot start with ? unless it is in quotes", QUOTE),
    "exclamation mark": Case(
        "a: !important note\n",
        "1:4-14",
        "the tag `!important` means nothing here",
        "put text that starts with ! in quotes",
    ),
    "two exclamation marks": Case("a: !x!y z\n", "1:4-5", "a value cannot start with ! unless it is in quotes", QUOTE),
    "dash": Case(
        "a: - b\n",
        "1:4-5",
        "a list cannot start on the line of its key",
        "start the list on the next line, or put text that starts with - in quotes",
    ),
    "tab before a list item": Case(
        "seed_examples:\n\t- question: b\n", "2:1-2", "a tab indents this line: YAML takes spaces only", "write spaces"
    ),
    "tab before a key": Case(
        "a:\n  b: c\n\td: e\n", "3:1-2", "a tab indents this line: YAML takes spaces only", "write spaces"
    ),
    "tab before text": Case(
        "a: |\n\ttext\n", "2:1-2", "a tab indents this line: YAML takes spaces only", "write spaces"
    ),
    "colon that is missing": Case(
        "seed_examples\n  - question: foo\n    answer: bar\n",
        "1:1-14",
        "a colon is missing after `seed_examples`",
        "write seed_examples:",
    ),
    "space that is missing after a colon": Case(
        "answer:foo\nb: c\n", "1:7-8", "a space is missing after the colon", 'write ": "'
    ),
    "space that is missing after a later colon": Case(
        "a: b\nanswer:foo\nb: c\n", "2:7-8", "a space is missing after the colon", 'write ": "'
    ),
    "key without a colon": Case(
        "a: b\nanswer is\nc: d\n",
        "2:1-10",
        "this line is neither a key nor a part of the text above it",
        'indent it further, or end its key with ":"',
    ),
    "address in a plain value, before a key that is too deep": Case(
        "answer: see\n  https://example.org\n  note: x\n",
        "3:3-10",
        "by its indentation, this line is a part of the value above it",
        "do not indent it, as line 1",
    ),
    "key that is not deep enough": Case(
        "seed_examples:\n  - question: foo\n  answer: bar\n",
        "3:3-14",
        "the indentation of this line fits nothing above it",
        "indent it by 4 spaces, as line 2",
    ),
    "key that is too deep": Case(
        "seed_examples:\n  - question: foo\n     answer: bar\n",
        "3:6-17",
        "by its indentation, this line is a part of the value above it",
        "indent it by 4 spaces, as line 2",
    ),
    "key that is too deep at the top": Case(
        "version: 3\n created_by: x\n",
        "2:2-15",
        "by its indentation, this line is a part of the value above it",
        "do not indent it, as line 1",
    ),
    "first key that is too deep": Case(
        "  version: 3\ncreated_by: x\n",
        "2:1-14",
        "the indentation of this line fits nothing above it",
        "indent it by 2 spaces, as line 1",
    ),
    "item that is not deep enough": Case(
        "a:\n  - b: c\n - b: d\n",
        "3:2-8",
        "the indentation of this line fits nothing above it",
        "indent it by 2 spaces, as line 2",
    ),
    "item below a plain value": Case(
        "created_by: me\n - context: |\n     text\n",
        "2:2-14",
        "this item belongs to no list",
        "write the key of the list above it, as seed_examples:",
    ),
    "item among keys": Case("document:\n  repo: x\n  - foo\n", "3:3-8", "a list item stands where a key is due"),
    "colon that is missing after an item": Case(
        "a:\n  - b\n  - c\n    x: d\n", "3:5-6", "a colon is missing after `c`", "write c:"
    ),
    "key below a list": Case("- a\nb: c\n", "2:1-5", "a key stands where a list item is due", 'start it with "- "'),
    "text below a bar that is not indented": Case(
        "- answer: |\nIt depends.\n  question: b\n",
        "2:1-12",
        "this line is not indented enough for the text that `|` starts on line 1",
        "indent it by 4 spaces",
    ),
    "text below a bar that is as deep as its key": Case(
        "- answer: |\n  It depends.\n  question: b\n",
        "2:3-14",
        "this line is not indented enough for the text that `|` starts on line 1",
        "indent it by 4 spaces",
    ),
    "later text below a bar": Case(
        "- answer: >-  # folded\n      It\n\n      depends\n   on it.\n  question: b\n",
        "5:4-10",
        "this line is not indented enough for the text that `>` starts on line 1",
        "indent it by 6 spaces",
    ),
    "code below a bar": Case(
        "- answer: |\n    It is\n```\n    x\n",
        "3:1-4",
        "this line is not indented enough for the text that `|` starts on line 1",
        "indent it by 4 spaces",
    ),
    "text beside a bar": Case(
        "- answer: | Group IV\n  question: b\n",
        "1:13-21",
        "text cannot stand on the line of its `|`",
        "start it on the next line, indented",
    ),
    "merge conflict": Case(
        "<<<<<<< HEAD\na: b\n=======\na: c\n>>>>>>> branch\n",
        "1:1-13",
        "a merge conflict was saved in the file: this line is Git's",
        "keep one side, remove Git's lines",
    ),
    "merge conflict with CRLF": Case(
        "a: |\r\n  b\r\n<<<<<<<\r\n  c\r\n=======\r\n  d\r\n>>>>>>>\r\n",
        "3:1-8",
        "a merge conflict was saved in the file: this line is Git's",
        "keep one side, remove Git's lines",
    ),
    "path in double quotes": Case(
        'a: "C:\\Users"\n',
        "1:7-9",
        "`\\U` needs the number of a character",
        "write \\\\ for a backslash, or quote the text with '",
    ),
    "escape that is none": Case(
        'a: "\\d+"\n',
        "1:5-7",
        "`\\d` is no escape in YAML",
        "write \\\\ for a backslash, or quote the text with '",
    ),
    "escaped apostrophe": Case('a: "it\\\'s"\n', "1:7-9", "`\\'` is no escape in YAML", "write ' alone"),
    "second document": Case(
        "a: b\n---\nc\n", "2:1-4", "a second document starts here: a leaf is one", 'remove the "---"'
    ),
    "text after the end of the document": Case(
        "a: b\n...\nc: d\n", "3:1-5", "text stands after the end of the document", 'remove the "..." above'
    ),
    "anchor that is there twice": Case(
        "a: &x b\nc: &x d\n", "2:4-6", "the anchor `&x` is there twice", "give it another name"
    ),
    "merge of text": Case("a: b\n<<: c\n", "2:5-6", "`<<` takes in mappings, and this is none"),
    "merge of a list of texts": Case("<<: [{a: b}, c]\n", "1:14-15", "`<<` takes in mappings, and this is none"),
    "tag that does not fit": Case("a: !!int b\n", "1:4-9", "the tag `!!int` does not fit `b`"),
    "tag of another kind": Case("a: !!set b\n", "1:4-9", "the tag `!!set` does not fit what follows it"),
    "tag that runs code": Case(
        "a: !!python/name:os.system x\n", "1:4-27", "the tag `!!python/name:os.system` means nothing here"
    ),
    "omap that is none": Case("a: !!omap [b]\n", "1:4-10", "the tag `!!omap` needs a list of mappings of one key"),
}


def found(text: str) -> list[tuple[str, str, str, str]]:
    loaded = load(text.encode())
    assert not isinstance(loaded, Document)
    described = []
    for problem in loaded:
        span = problem.span
        assert span is not None
        assert problem.frame[-1].number == span.line
        place = f"{span.line}:{span.column}-{span.end_column}" if span.line == span.end_line else str(span)
        described.append((problem.code, place, problem.message, problem.hint))
    return described


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_mistake_is_explained(case: Case, loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composer, "_Loader", getattr(yaml, loader))
    assert found(case.text) == [("TX002", case.place, case.message, case.hint)]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("%\n---\na: b\n", "1:2-3", "while scanning a directive, could not find expected directive name"),
        ("? : a\n", "1:3-4", "while parsing a block mapping, did not find expected key"),
    ],
)
def test_what_is_not_known_is_told_in_the_words_of_libyaml(text: str, place: str, words: str) -> None:
    assert found(text) == [("TX002", place, f"this is not YAML: {words}", "")]


def test_place_of_an_unknown_mistake_at_the_end_is_moved_to_where_text_is() -> None:
    message = "this is not YAML: did not find expected <document start>"
    assert found("%YAML 1.1\n\n") == [("TX002", "1:9-10", message, "")]


def test_every_bad_escape_of_a_text_is_told() -> None:
    assert [
        (place, message) for _, place, message, _ in found('a: "\\d \\n \\x41 \\q \\u00e9 \\x4 \\ud800"\nb: "\\z"\n')
    ] == [
        ("1:5-7", "`\\d` is no escape in YAML"),
        ("1:16-18", "`\\q` is no escape in YAML"),
        ("1:26-28", "`\\x` needs the number of a character"),
        ("1:30-32", "`\\u` needs the number of a character"),
    ]


def test_every_conflict_is_told() -> None:
    conflict = "<<<<<<< ours\na: b\n=======\na: c\n>>>>>>> theirs\n"
    assert [place for _, place, _, _ in found(conflict * 2)] == ["1:1-13", "6:1-13"]


def test_mistakes_of_the_data_and_of_the_syntax_are_told_together() -> None:
    assert [message for _, _, message, _ in found("a: !x b\nc: !y d\ne: &f g\nh: &f i\nj: 'k\n")] == [
        "the tag `!x` means nothing here",
        "the tag `!y` means nothing here",
        "the anchor `&f` is there twice",
        "the quote ' that opens here is never closed",
    ]
