"""Each rule's documentation: complete, and its examples flagged, and what to write instead not."""

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from taxonomy_tools import rules
from taxonomy_tools.api import check
from taxonomy_tools.rules import RULES
from taxonomy_tools.rules.base import Rule
from taxonomy_tools.rules.documentation import SECTIONS, documentation

SKILL, KNOWLEDGE = "compositional_skills/rhymes", "knowledge/birds"
Files = Mapping[str, str | bytes]
by_code = pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.CODE) for rule in RULES])


def pairs(count: int, indent: str) -> str:
    return "".join(
        f"{indent}- question: Is it {number}?\n{indent}  answer: It is {number}.\n" for number in range(count)
    )


def leaf(text: str, *, kind: str = SKILL) -> Files:
    """A leaf whose document is right but for the lines of the text, which take the place of those with their keys."""
    contexts = "".join(
        f"  - context: A {number}.\n    questions_and_answers:\n{pairs(3, '      ')}" for number in range(5)
    )
    parts = {
        "version": "version: 3\n",
        "created_by": "created_by: jo\n",
        "task_description": "task_description: To find rhymes.\n" if kind == SKILL else "",
        "domain": "domain: zoology\n" if kind == KNOWLEDGE else "",
        "seed_examples": f"seed_examples:\n{pairs(5, '  ') if kind == SKILL else contexts}",
        "document": "document:\n  repo: r\n  commit: c\n  patterns: [a]\n" if kind == KNOWLEDGE else "",
        "document_outline": "document_outline: All of it.\n" if kind == KNOWLEDGE else "",
    }
    key = re.match(r"[\w ]*", text)
    name = key[0] if key else ""
    if text.startswith("- question"):
        parts["seed_examples"] = f"seed_examples:\n{indented(text, 2)}{pairs(5, '  ')}"
    elif name == "answer":
        parts["seed_examples"] = f"seed_examples:\n  - question: Is it?\n{indented(text, 4)}{pairs(5, '  ')}"
    elif name in ("repo", "commit", "patterns"):
        fields = {"repo": "  repo: r\n", "commit": "  commit: c\n", "patterns": "  patterns: [a]\n"}
        parts["document"] = "document:\n" + "".join({**fields, name: indented(text, 2)}.values())
    elif name == "seed_example":
        parts["seed_examples"] = f"{text}\n{pairs(5, '  ')}"
    elif name == "seed_examples":
        parts["seed_examples"] = f"{text}\n" if "\n" in text else f"{text}\n{pairs(5, '  ')}"
    else:
        assert name in parts, text
        parts[name] = f"{text}\n"
    return {f"{kind}/qna.yaml": "".join(parts.values()), f"{kind}/attribution.txt": "Title of work: it\n"}


def indented(text: str, spaces: int) -> str:
    return "".join(f"{' ' * spaces}{line}\n" for line in text.splitlines())


def whole(text: str) -> Files:
    """A leaf whose document is the text."""
    return {f"{SKILL}/qna.yaml": f"{text}\n"}


def knowledge(text: str) -> Files:
    return leaf(text, kind=KNOWLEDGE)


def placed(text: str) -> Files:
    """A document that is right, alone, at the path that the text starts with."""
    path = re.split("[,\n]", text, maxsplit=1)[0]
    return {path: leaf("version: 3")[f"{SKILL}/qna.yaml"]}


def each_placed(text: str) -> Files:
    """A document that is right at each of the paths."""
    return {path: content for line in text.splitlines() for path, content in placed(line).items()}


def beside_others(text: str) -> Files:
    """Files at each of the paths, of which the documents are right."""
    return {**dict.fromkeys(text.splitlines(), ""), **each_placed(text.splitlines()[0])}


def with_contexts(text: str) -> Files:
    """A skill whose seed examples have contexts, at the path that the text starts with."""
    path = re.split("[,\n]", text, maxsplit=1)[0]
    document = leaf("version: 3")[f"{SKILL}/qna.yaml"]
    assert isinstance(document, str)
    return {path: document.replace("    answer:", "    context: So it is.\n    answer:")}


def context(text: str) -> Files:
    """A leaf of knowledge whose seed examples are the text."""
    return knowledge(f"seed_examples:\n{indented(text, 2)}")


def long_answers(text: str) -> Files:
    assert text == "Five seed examples with answers of 500 words each."
    pair = f"  - question: What?\n    answer: {'so ' * 500}\n"
    return leaf(f"seed_examples:\n{pair * 5}")


def long_context(text: str) -> Files:
    count = re.fullmatch(r"A context that is a whole chapter of (\d),(\d+) words\.", text)
    assert count is not None
    return context(f"- context: {'so ' * int(count[1] + count[2])}")


def long_answer(text: str) -> Files:
    count = re.fullmatch(r"An answer that retells a chapter in (\d+) words\.", text)
    assert count is not None
    return leaf(f"answer: {'so ' * int(count[1])}")


def latin_1(text: str) -> Files:
    character, byte = re.findall("`(.+?)`|(0x[0-9a-f]{2})", text)
    data = character[0].encode("latin-1")
    assert data == bytes([int(byte[1], 16)])
    return {f"{SKILL}/qna.yaml": b"answer: " + data}


def brackets(text: str) -> Files:
    shown = re.fullmatch(r"(a: \[+) and (\d+) brackets more", text)
    assert shown is not None
    return {f"{SKILL}/qna.yaml": shown[1] + "[" * int(shown[2])}


def empty_attribution(text: str) -> Files:
    assert text == "A file of 0 bytes, or of blank lines."
    return {**leaf("version: 3"), f"{SKILL}/attribution.txt": b"", **leaf("version: 3", kind=KNOWLEDGE)} | {
        f"{KNOWLEDGE}/attribution.txt": b"\n\n"
    }


def attribution(text: str) -> Files:
    return {**leaf("version: 3"), f"{SKILL}/attribution.txt": text}


def unhidden(text: str) -> Files:
    """A leaf with the characters whose numbers the text has in their place."""
    return leaf(re.sub(r"U\+([0-9A-F]{4,5})", lambda match: chr(int(match[1], 16)), text))


def renamed(text: str) -> Files:
    """What is there after a command that renames a file."""
    command = text.split()
    assert command[:2] == ["git", "mv"]
    return placed(f"{SKILL}/{command[3]}")


# How an example becomes a leaf; None for words that show none, each with its reason.
EXAMPLES: dict[str, Callable[[str], Files] | None] = {
    "TX001": latin_1,
    "TX002": leaf,
    "TX003": whole,
    "TX004": whole,
    "TX005": brackets,
    "TX006": None,  # a link: below
    "TX007": None,  # a conflict: rules_test.py
    "TX101": placed,
    "TX102": placed,
    "TX103": placed,
    "TX104": each_placed,
    "TX105": None,  # needs a repository: surroundings_test.py
    "TX106": with_contexts,
    "TX107": beside_others,
    "TX108": each_placed,
    "TX109": placed,
    "TX200": leaf,
    "TX201": leaf,
    "TX202": leaf,
    "TX203": leaf,
    "TX301": leaf,
    "TX302": leaf,
    "TX303": leaf,
    "TX304": knowledge,
    "TX305": leaf,
    "TX306": knowledge,
    "TX307": leaf,
    "TX309": None,  # there is none
    "TX401": placed,
    "TX402": empty_attribution,
    "TX403": attribution,
    "TX404": attribution,
    "TX501": leaf,
    "TX502": None,  # two leaves: similar_question_test.py
    "TX503": long_answers,
    "TX504": long_context,
    "TX505": long_answer,
    "TX506": leaf,
    "TX507": leaf,
    "TX508": leaf,
    "TX509": context,
    "TX510": unhidden,
    "TX601": knowledge,
    "TX602": knowledge,
    "TX603": knowledge,
    "TX604": knowledge,
    "TX701": None,  # a commit: missing_sign_off_test.py
}
INSTEAD: dict[str, Callable[[str], Files] | None] = {
    **EXAMPLES,
    "TX001": None,  # how to save a file
    "TX004": None,  # to write it, or to remove it
    "TX005": None,  # to split it
    "TX101": renamed,
    "TX401": attribution,
    "TX402": attribution,
    "TX503": None,  # to shorten it, as in the two below
    "TX504": None,
    "TX505": None,
}


def codes(files: Files, root: Path) -> list[list[str]]:
    """The codes that are told of each leaf."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [[diagnostic.code for diagnostic in report.diagnostics] for report in check(root, jobs=1).leaves]


def section(rule: Rule, title: str) -> str:
    return dict(documentation(rule).sections)[title]


@by_code
def test_example_is_flagged(rule: Rule, tmp_path: Path) -> None:
    build = EXAMPLES[rule.CODE]
    if build is not None:
        found = codes(build(section(rule, "For example")), tmp_path)
        assert found
        assert all(rule.CODE in told for told in found)


@by_code
def test_what_to_write_instead_is_not_flagged(rule: Rule, tmp_path: Path) -> None:
    build = INSTEAD[rule.CODE]
    if build is not None:
        found = codes(build(section(rule, "Instead")), tmp_path)
        assert found
        assert all(rule.CODE not in told for told in found)


def test_example_of_a_link_and_the_command_that_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from taxonomy_tools.rules import not_a_regular_file

    rule = cast("Rule", not_a_regular_file)
    name, target = section(rule, "For example").split(" -> ")
    link = tmp_path / "taxonomy" / name
    link.parent.mkdir(parents=True)
    (tmp_path / "draft").write_text("version: 3\n", encoding="utf-8")
    assert target.startswith("/")
    link.symlink_to(tmp_path / "draft")
    assert codes({}, tmp_path / "taxonomy") == [["TX006"]]
    assert 'cp --remove-destination "$(readlink -f qna.yaml)" qna.yaml' in section(rule, "Instead")
    shutil.copy(link.resolve(), link.with_name("copy"))
    link.with_name("copy").replace(link)
    assert not any("TX006" in told for told in codes({}, tmp_path / "taxonomy"))


@by_code
def test_documentation_has_a_summary_and_its_sections(rule: Rule) -> None:
    about = documentation(rule)
    assert about.summary.endswith(".")
    assert tuple(title for title, _ in about.sections) == SECTIONS
    assert all(text for _, text in about.sections)


def test_codes_and_names_are_unique_and_in_order() -> None:
    found = [rule.CODE for rule in RULES]
    assert found == sorted(set(found))
    assert all(re.fullmatch(r"TX\d{3}", code) for code in found)
    names = [rule.NAME for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)


def test_rule_is_named_as_its_module() -> None:
    for rule in RULES:
        assert cast("ModuleType", rule).__name__ == f"{rules.__name__}.{rule.NAME.replace('-', '_')}"


def test_every_module_of_a_rule_is_listed() -> None:
    folder = Path(rules.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "base", "documentation", "masking"}
    assert modules == {rule.NAME.replace("-", "_") for rule in RULES}


@pytest.mark.parametrize(
    "docstring",
    [
        pytest.param(None, id="none"),
        pytest.param("A summary.\n\nWhy\n    So.\n", id="sections that are missing"),
        pytest.param(
            "A summary.\n\nWhy\n    a\n\nWhat it flags\n    b\n\nInstead\n    c\n\nFor example\n    d\n",
            id="another order",
        ),
        pytest.param("\nWhat it flags\n    b\n\nWhy\n    a\n\nInstead\n    c\n\nFor example\n    d\n", id="no summary"),
    ],
)
def test_documentation_that_is_not_whole_is_refused(docstring: str | None) -> None:
    module = ModuleType("rule", docstring)
    module.CODE = "TX999"  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="TX999"):
        documentation(cast("Rule", module))


def test_sections_keep_their_lines() -> None:
    docstring = (
        "Sum.\n\nWhat it flags\n    a\n    b\n\nWhy\n    c\n\nInstead\n    d:\n      e\n\n    f\n\nFor example\n    g\n"
    )
    module = ModuleType("rule", docstring)
    about = documentation(cast("Rule", module))
    assert about.summary == "Sum."
    assert about.sections == (
        ("What it flags", "a\nb"),
        ("Why", "c"),
        ("Instead", "d:\n  e\n\nf"),
        ("For example", "g"),
    )
