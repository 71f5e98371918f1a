"""A value still holds text of a template.

What it flags
    TODO, TBD, FIXME, "write your answer here", "question 1", dots or `xxx` that are all of a value or begin it,
    lorem ipsum, `<insert an answer>`, `[your answer here]`, and in `created_by`, `domain` and `document` what waits to
    be filled in (`<your_github_username>`); and the comments of upstream's own template. Markers inside of text are
    left alone: a skill may teach about them.

Why
    The teacher model takes it for an example, and writes more like it.

Instead
    answer: Tea, key and free do.

For example
    answer: TODO
"""

import re
from collections.abc import Callable, Iterator
from functools import cache

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.document import Document
from taxonomy_tools.rules.base import Finding, Subject, name_of, quote
from taxonomy_tools.seeds import Passage, read, span_within

CODE = "TX506"
NAME = "placeholder-text"
SEVERITY = Severity.WARNING

_LONGEST_VALUE = 60
_LEAD = 100
_AROUND = " \t\r\n<>[]{}()*_-#:.!?\"'`"

_VALUES = frozenset(
    "todo tbd tba fixme placeholder changeme lorem "
    "your_answer your_question your_context your_answer_here your_question_here your_context_here your_text_here "
    "answer_here question_here context_here insert_here insert_text_here fill_in fill_me_in fill_this_in change_me "
    "to_do to_be_done to_be_determined to_be_defined to_be_added replace_me replace_this lorem_ipsum".split()
)
# "Question 1", "sample answer": what says nothing but where it stands. Elsewhere it may be what a skill is about.
_NUMBERED = re.compile(
    r"(?:(?:sample|example|seed|my|the|an?)[ _-])?(question|answer|context)[ _#-]*\d*", re.IGNORECASE
)
# Roman numerals end with three: XXX is an answer, xxx and XXXX are none.
_CROSSES = re.compile(r"x{3,}|X{4,}")
# "Insert answer here", "your answer goes here", as `_word` gives it: all of a value, so no sentence of a skill.
_HERE = re.compile(
    r"(?:please_)?(?:(?:insert|write|enter|add|put|type|provide|paste|fill_in)_)?(?:(?:your|my|an?|the|some)_)?(?:own_)?"
    r"(?:seed_)?(?:questions?|answers?|context|response|text|content|(?:task_)?description|(?:document_)?outline)_"
    r"(?:(?:goes|go|belongs|comes)_)?(?:in_)?here"
)
_DOTS = re.compile(r"[\s\[(<]*(?:\.{3,}|…+)[\s\])>]*")
_MARKER = re.compile(
    r"\s*[\[<(#]*\s*(?:TODO|TBD|FIXME|XXX)(?=\s*[\])>]*\s*[:–—-](?=\s|$))|\s*[\[<](?:TODO|TBD|FIXME)\b"
)
_LOREM = re.compile(r"\s*lorem ipsum\b", re.IGNORECASE)
# What begins like these is looked at with `_GAP`; two of the five are rare enough to be all that is looked for.
_OPENINGS = (
    "<insert",
    "<your",
    "[your",
    "[insert",
    "{{insert",
    "{{your",
    "[add",
    "[write",
    "[enter",
    "<enter",
    "<write",
)
_GAP = re.compile(
    r"<insert\b[^<>\n]{0,80}>"
    r"|[\[<{](?:your|insert|enter|add|write|type)\s(?:(?:your|an?|the|some)\s)?"
    r"(?:seed\s)?(?:questions?|answers?|context|response|task|text|content)\b[^\[\]<>{}\n]{0,40}[\]>}]",
    re.IGNORECASE,
)

# Of the other fields: nothing that a person, an address, a hash or a pattern can hold.
_ANGLES = re.compile(r"<[A-Za-z][^<>@\n]{0,80}>|\{\{[^{}\n]{1,80}\}\}")
_YOURS = re.compile(
    r"(?<![a-z])your[-_ ]?(?:own[-_ ]?)?(?:github|git|user|name|org|repo|account|handle|login|document|domain|project)",
    re.IGNORECASE,
)
_NAMES = frozenset(
    "username user_name github_username github_user github_id github_handle your_name your_username".split()
)
_HASHES = frozenset("commit sha commit_sha commit_hash commit_id hash".split())

_TEMPLATE_COMMENTS = ("Use your GitHub username; only one creator supported", "The | is needed to escape characters")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a value, at the text that was left where that can be told."""
    document = subject.document
    if document is None:
        return
    left = cache(_left_in_text)
    for passage in read(document).texts:
        yield from _findings(document, passage, left)
    yield from _others(document)
    yield from _comments(document)


def _findings(document: Document, passage: Passage, left: Callable[[str, object], str]) -> Iterator[Finding]:
    found = left(passage.text, passage.route[-1])
    if found:
        message = f"{name_of(passage.route)} holds text of a template: {quote(found.strip(), 40)}"
        place = span_within(document, passage.route, found)
        yield Finding(message=message, span=place, hint="write what belongs here")


def _others(document: Document) -> Iterator[Finding]:
    """The fields beside the seed examples."""
    data = document.data
    if not isinstance(data, dict):
        return
    for key in ("task_description", "document_outline"):
        if isinstance(data.get(key), str):
            yield from _findings(document, Passage(data[key], (key,)), _left_in_text)
    for key in ("created_by", "domain"):
        if isinstance(data.get(key), str):
            yield from _findings(document, Passage(data[key], (key,)), _left_in_name)
    source = data.get("document")
    if isinstance(source, dict):
        for key in ("repo", "commit"):
            if isinstance(source.get(key), str):
                yield from _findings(document, Passage(source[key], ("document", key)), _left_in_name)
        left = cache(_left_in_name)
        patterns = source.get("patterns")
        for index, pattern in enumerate(patterns if isinstance(patterns, list) else ()):
            if isinstance(pattern, str):
                yield from _findings(document, Passage(pattern, ("document", "patterns", index)), left)


def _comments(document: Document) -> Iterator[Finding]:
    text = document.text.text
    for comment in _TEMPLATE_COMMENTS:
        start = text.find(f"# {comment}")
        if start >= 0:
            message = f"a comment of upstream's example is still there: {quote(comment, 40)}"
            yield Finding(message=message, span=document.text.span(start, start + 2 + len(comment)), hint="remove it")


def _left_in_text(text: str, field: object) -> str:
    """What a template left in running text: a part of it, or `""`."""
    if len(text) <= _LONGEST_VALUE and _is_placeholder(text, field):
        return text.strip()
    lead = text[:_LEAD]
    found = _MARKER.match(lead) or _LOREM.match(lead)
    if found is None and ("<" in text or "[" in text or "{" in text):
        folded = text.lower()
        if any(opening in folded for opening in _OPENINGS):
            found = _GAP.search(text)
    return found[0].strip() if found else ""


def _left_in_name(text: str, field: object) -> str:
    """What a template left in a name, an address or a hash: a part of it, or `""`."""
    if len(text) <= _LONGEST_VALUE and (_is_placeholder(text, field) or _word(text) in _NAMES | _HASHES):
        return text.strip()
    found = _ANGLES.search(text) or _YOURS.search(text)
    return found[0] if found else ""


def _is_placeholder(text: str, field: object) -> bool:
    if _DOTS.fullmatch(text):
        return True
    bare = text.strip(_AROUND)
    numbered = _NUMBERED.fullmatch(bare)
    named = numbered is not None and numbered[1].lower() == field
    word = _word(text)
    return named or word in _VALUES or _HERE.fullmatch(word) is not None or _CROSSES.fullmatch(bare) is not None


def _word(text: str) -> str:
    return "_".join(text.strip(_AROUND).casefold().replace("-", " ").replace("_", " ").split())
