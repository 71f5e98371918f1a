"""An answer says what its context does not.

What it flags
    In knowledge, an answer with a number of three digits or more, or a name of two words or more, that is in none of
    the leaf's contexts, nor in the question; or with hardly a word of theirs. Numbers that end with 00, parts of years
    and decimals are left alone: they are often reckoned or written in words. Skills are left alone too, for theirs is
    to work with a context, not to repeat it.

Why
    Knowledge is learned from the document; an answer that is not in it teaches a model to make things up, and no check
    of the samples against the context can keep what is right.

Instead
    - context: Rottnest Island was named in 1696.
      questions_and_answers:
        - question: When was the island named?
          answer: It was named in 1696.

For example
    - context: Rottnest Island was named long ago.
      questions_and_answers:
        - question: When was the island named?
          answer: It was named in 1696.
"""

import re
from collections.abc import Iterator
from functools import cache, cached_property

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.document import Document
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.rules.base import Finding, Subject, quote
from taxonomy_tools.seeds import Pair, read, span_within

CODE = "TX509"
NAME = "answer-not-in-context"
SEVERITY = Severity.INFO

_ANSWER = 5_000
"""Code points of an answer that are looked at."""
_SEARCHED = 100_000_000
"""Code points that are searched in one leaf: a tenth of a second. Only aliases can make more."""
_FEW = 0.15
"""The share of the answer's words below which hardly one is from the context; in the corpus all above are reworded."""
_MANY = 8
_STEM = 5

# One point may stand before decimals. The end: no letter, no decimals.
_NUMBER = re.compile(
    r"(?<![\w.,])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:\.[0-9]{3}){2,}|[0-9]{3,12})(?!\w|[.,][0-9])"
)
_CAPITALIZED = "[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+"
# Within a sentence: what begins one is capitalized without being a name.
_NAME = re.compile(f"(?<=[a-zß-öø-ÿ,] ){_CAPITALIZED}(?: {_CAPITALIZED}){{1,5}}(?!\\w)")
_WORD = re.compile("[A-Za-zÀ-ɏͰ-ԯ]{4,}")  # of scripts with spaces: elsewhere a run of letters is a clause
_SEPARATOR = re.compile(r"(?<=\d)[.,'’\s](?=\d)")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding an answer: the first that it makes up, else that there is hardly a word of the context in it."""
    document = subject.document
    if document is None or subject.kind is not LeafKind.KNOWLEDGE:
        return
    source = _Source.of(document)
    for pair in read(document).pairs:
        if pair.answer is None or pair.context is None or not pair.context.text.strip():
            continue
        if source.is_exhausted:
            return
        yield from _judge(document, source, pair)


def _judge(document: Document, source: "_Source", pair: Pair) -> Iterator[Finding]:
    assert pair.answer is not None
    answer = pair.answer.text[:_ANSWER]
    asked = pair.question.text[:_ANSWER] if pair.question is not None else ""
    for found in (*_NUMBER.finditer(answer), *_NAME.finditer(answer)):
        if source.lacks(found[0], asked):
            message = f"{quote(found[0])} is in no context of the leaf"
            place = span_within(document, pair.answer.route, found[0])
            yield Finding(message=message, span=place, hint="say it in the context, or leave it out")
            return
    if source.is_foreign(answer, asked):
        message = "hardly a word of the answer is in a context of the leaf"
        yield Finding(message=message, route=pair.answer.route, hint="answer from the context")


class _Source:
    """What an answer may draw on: all contexts of a leaf, and what its document is said to be."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._searched = 0
        self._digits = cache(_digits)

    @classmethod
    def of(cls, document: Document) -> "_Source":
        texts = {id(context.text): context.text for context in read(document).contexts}
        data = document.data if isinstance(document.data, dict) else {}
        about = (data.get(key) for key in ("document_outline", "domain"))
        return cls("\n".join((*texts.values(), *(text for text in about if isinstance(text, str)))))

    @property
    def is_exhausted(self) -> bool:
        """Whether more was searched than is due."""
        return self._searched > _SEARCHED

    @cached_property
    def _folded(self) -> str:
        return self._text.casefold()

    def lacks(self, part: str, asked: str) -> bool:
        """Whether neither the contexts nor the question have a number, or any word of a name."""
        if part[0].isdigit():
            return self._lacks_number(part, asked)
        folded = asked.casefold()
        return not any(self._has_stem(word.casefold(), folded) for word in part.split())

    def is_foreign(self, answer: str, asked: str) -> bool:
        """Whether the answer has hardly a word of the contexts and the question."""
        words = _WORD.findall(answer.casefold())
        due = _FEW * len(words)
        if len(words) < _MANY:
            return False
        folded = asked.casefold()
        known = 0
        for word in words:
            known += self._has_stem(word, folded)
            if known >= due:
                return False
        return True

    def _lacks_number(self, number: str, asked: str) -> bool:
        digits = number.replace(",", "").replace(".", "")
        if digits.endswith("00") or self._has(number) or number in asked:
            return False
        self._searched += len(self._text)
        if digits in self._digits(self._text) or digits in self._digits(asked):
            return False
        # "1939-45" and "the 1930s and 40s" are years as well.
        year = digits[2:] if len(digits) == 4 and digits[0] in "12" else ""
        return not (
            year and any(self._has(part) for part in (f"-{year}", f"–{year}", f"/{year}", f"’{year}", f"{year}s"))
        )

    def _has_stem(self, word: str, asked: str) -> bool:
        stem = word[:_STEM]
        self._searched += len(self._folded)
        return stem in asked or stem in self._folded

    def _has(self, part: str) -> bool:
        self._searched += len(self._text)
        return part in self._text


def _digits(text: str) -> str:
    """The text without what separates the digits of a number."""
    return _SEPARATOR.sub("", text)
