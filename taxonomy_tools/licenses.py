"""What a text says of a licence: which one it names, by SPDX identifier or as people write it, and what that allows.

The usual spellings are recognised here, in microseconds. For what is left, the package license-expression knows all
SPDX identifiers and reads expressions of them (`MIT OR GPL-3.0-only`).
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Any

PUBLIC_DOMAIN = "public domain"
"""Stands for it where identifiers do: it is no licence, so SPDX has none."""
_READ = 300
"""Code points of a text that are read: no name of a licence is longer."""
_GUESSED = 40
"""Code points up to which a text may be a misspelled identifier."""


class Refusal(Enum):
    """Why a licence is none of the allowed ones."""

    UNKNOWN = "unknown"
    NO_VERSION = "no version"
    RESERVED = "reserved"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Denied:
    """A licence that is not allowed, as it is written; its SPDX identifier, or empty; and an allowed one that is meant.

    The identifier lacks the version if the text does.
    """

    text: str
    refusal: Refusal
    identifier: str = ""
    meant: str = ""

    @property
    def non_commercial(self) -> bool:
        """Whether it is a Creative Commons licence that does not allow commercial use."""
        return self.identifier.startswith("CC-BY-NC")

    @property
    def no_derivatives(self) -> bool:
        """Whether it is a Creative Commons licence that does not allow changes."""
        return re.match(r"CC-BY-(?:NC-)?ND\b", self.identifier) is not None


# Spellings as `_words` gives them, without versions' `.0` and what says nothing, and the identifiers that they mean.
_SPELLINGS = {
    "apache 2": "Apache-2.0",
    "apache software 2": "Apache-2.0",
    "apache software foundation 2": "Apache-2.0",
    "apache 2 january 2004": "Apache-2.0",
    "apache 2 apache 2": "Apache-2.0",
    "asl 2": "Apache-2.0",
    "mit": "MIT",
    "mit x 11": "MIT",
    "expat": "MIT",
    "mit expat": "MIT",
    "cdla permissive 2": "CDLA-Permissive-2.0",
    "community data agreement permissive 2": "CDLA-Permissive-2.0",
    "community data agreement permissive 2 cdla permissive 2": "CDLA-Permissive-2.0",
    "ref public domain": PUBLIC_DOMAIN,
    "licenseref public domain": PUBLIC_DOMAIN,
    "cc pddc": PUBLIC_DOMAIN,
    "cc pdm 1": PUBLIC_DOMAIN,
    "pd": PUBLIC_DOMAIN,
    "gnu general public 2": "GPL-2.0-only",
    "gnu general public 3": "GPL-3.0-only",
    "gnu gpl 2": "GPL-2.0-only",
    "gnu gpl 3": "GPL-3.0-only",
    "gpl 2": "GPL-2.0-only",
    "gpl 3": "GPL-3.0-only",
    "gnu lesser general public 3": "LGPL-3.0-only",
    "lgpl 3": "LGPL-3.0-only",
    "gnu affero general public 3": "AGPL-3.0-only",
    "agpl 3": "AGPL-3.0-only",
    "gnu free documentation 1.3": "GFDL-1.3-only",
    "gfdl 1.3": "GFDL-1.3-only",
    "mozilla public 2": "MPL-2.0",
    "mpl 2": "MPL-2.0",
    "eclipse public 2": "EPL-2.0",
    "bsd 2 clause": "BSD-2-Clause",
    "bsd 3 clause": "BSD-3-Clause",
    "3 clause bsd": "BSD-3-Clause",
    "2 clause bsd": "BSD-2-Clause",
    "open government 3": "OGL-UK-3.0",
    "uk open government 3": "OGL-UK-3.0",
    "open government united kingdom 3": "OGL-UK-3.0",
    "ogl 3": "OGL-UK-3.0",
    "open government canada 2": "OGL-Canada-2.0",
    "open data commons open database 1": "ODbL-1.0",
    "odbl 1": "ODbL-1.0",
    "open data commons attribution 1": "ODC-By-1.0",
}
# Beside "public domain", where and since when: `Public domain in the United States (pre-1929)`.
_PUBLIC_DOMAIN_WORDS = frozenset(
    """
    america before book by copyright countries domain expired federal government gov in into is it its mark of on or
    other pre prior public publication published released since states text this to u s us usa united uk kingdom eu
    work works world worldwide
    """.split()
)
_WITHOUT_VERSION = {"apache": "Apache-2.0", "apache software": "Apache-2.0", "cdla permissive": "CDLA-Permissive-2.0"}
_RESERVED = frozenset({"all rights reserved", "copyright", "copyrighted", "proprietary", "eula", "commercial"})
# What Wikipedia's text is under since June 2023.
_WIKIPEDIA = frozenset({"wikipedia", "wikipedia content", "wikipedia text", "wikimedia"})
_LEFT_OUT = frozenset(
    "a an the license licence licenses licences licensed licensing under version versions v ver of spdx".split()
)
_CC_WORDS = {
    "by": "BY",
    "attribution": "BY",
    "nc": "NC",
    "noncommercial": "NC",
    "nd": "ND",
    "noderivatives": "ND",
    "noderivs": "ND",
    "sa": "SA",
    "sharealike": "SA",
    "zero": "0",
    "cc0": "0",
}
_CC_FILLERS = frozenset(
    "cc creative commons international intl unported generic universal public domain dedication deed wp www http https "
    "creativecommons org legalcode and licenses with".split()
)
_CC_VERSIONS = frozenset({"", "1.0", "2.0", "2.1", "2.5", "3.0", "4.0"})
_WORD = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)*")
_URL = re.compile(r"\(?\bhttps?://[^\s()]*\)?", re.IGNORECASE)
_KNOWN_URLS = (
    (re.compile(r"apache\.org/licenses/license-2\.0", re.IGNORECASE), "Apache-2.0"),
    (re.compile(r"opensource\.org/licen[cs]es?/mit\b", re.IGNORECASE), "MIT"),
    (re.compile(r"creativecommons\.org/publicdomain/zero/1\.0", re.IGNORECASE), "CC0-1.0"),
    (re.compile(r"creativecommons\.org/publicdomain/mark/1\.0", re.IGNORECASE), PUBLIC_DOMAIN),
    (re.compile(r"cdla\.dev/permissive-2-0", re.IGNORECASE), "CDLA-Permissive-2.0"),
)
_CC_URL = re.compile(r"creativecommons\.org/licenses/([a-z-]{2,8})/(\d\.\d)", re.IGNORECASE)
_SPDX_URL = re.compile(r"spdx\.org/licenses/([\w.+-]{1,60}?)(?:\.html)?/?(?:[?#]|$)", re.IGNORECASE)
_WORKS = (
    r"(?:text|content|article|image|photo|picture|figure|illustration|media|code|software|data|document|documentation"
    r"|doc|audio|video)s?"
)
# What is said beside a licence, and changes nothing.
_REMARK = re.compile(
    r"[\s,;:.-]*\(?\b(?:(?:unless|except)(?: where| when| as| if)?(?: otherwise)? (?:noted|stated|indicated|specified"
    r"|mentioned|marked)(?: otherwise)?|see (?:also )?(?:the )?(?:file )?[\w./-]{0,60}(?:licen[cs]es?|copying|notice)"
    rf"[\w.-]{{0,20}}(?: file)?|for (?:the |all )?{_WORKS}(?:(?:,| and| or) {_WORKS}){{0,4}})\)?",
    re.IGNORECASE,
)
_WHAT = re.compile(rf"{_WORKS}\s?:\s?", re.IGNORECASE)
_ASIDE = re.compile(r"(\S+)\s*\(([^()]*)\)")
# What in brackets may take back what stands before them: `MIT (not for commercial use)`.
_LIMIT = re.compile(r"\b(?:non?|not|(?<!-)only|never|except|without|restrict\w*)\b", re.IGNORECASE)
_VERSION_BEHIND_COMMA = re.compile(r",\s*(?=v(?:er(?:sion)?)?\b\.?\s?\d|v\d)", re.IGNORECASE)
_OPERATOR = re.compile(r"(\s+(?:and|or|with)\s+|[()])", re.IGNORECASE)
_PARENTHESES = re.compile(r"([^()]+?)\s*\(([^()]+)\)")
_EXCEPTION = re.compile(r"[A-Za-z][\w.-]*")
_LIST = re.compile(r"\s*[,;&]\s*")
_CALLED_SO = re.compile(r"\s+licen[cs]e$", re.IGNORECASE)
_OWN = re.compile(r"LicenseRef-[A-Za-z0-9.-]{1,100}")


@lru_cache(maxsize=1024)
def denied(text: str, allowed: tuple[str, ...]) -> tuple[Denied, ...]:
    """The licences in a text that are not among those allowed, which are SPDX identifiers; the public domain always is.

    Of a choice (`MIT OR GPL-3.0-only`) one is enough, and exceptions (`WITH`) only allow more. None at all means that
    the text is fine. Never raises; reads 300 code points at most.
    """
    text = _trimmed(" ".join(text[:_READ].split()))
    permitted = frozenset(identifier.casefold() for identifier in (*allowed, PUBLIC_DOMAIN))
    if text.casefold() in permitted or _named(text) == PUBLIC_DOMAIN:
        return ()
    # Each of a list is due. What is no list is one part; one that is nothing but a remark asks for nothing.
    parts = [text] if _named(text) else _parts(_VERSION_BEHIND_COMMA.sub(" ", text))
    licenses = list(filter(None, map(_without_remarks, parts))) or [text]
    return tuple(dict.fromkeys(found for part in licenses for found in _denied_part(part, allowed, permitted)))


def _denied_part(text: str, allowed: tuple[str, ...], permitted: frozenset[str]) -> tuple[Denied, ...]:
    named = _named(text) or _named_twice(text)
    if named is not None:
        return () if _is_permitted(named, permitted) else (_known(text, named, allowed),)
    if _OPERATOR.search(text) or _LIST.search(text) or "/" in _URL.sub("", text):
        return _denied_in_expression(text, allowed, permitted)
    return _denied_symbol(text, allowed, permitted)


def _trimmed(text: str) -> str:
    return text.strip(" .,;\"'`*_")


def _parts(text: str) -> list[str]:
    """The items of a list, parted by commas and semicolons that stand in no brackets."""
    depth, start = 0, 0
    parts = []
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character in ",;" and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _without_remarks(text: str) -> str:
    """A text without what stands before and behind a licence and changes nothing: `for text`, `unless noted`."""
    text = _trimmed(text)
    before = _WHAT.match(text) or _REMARK.match(text)
    if before is not None:
        text = _trimmed(text[before.end() :])
    behind = next((match for match in _REMARK.finditer(text) if match.end() == len(text)), None)
    return _trimmed(text[: behind.start()] if behind is not None else text)


def _without_asides(text: str) -> str:
    """An expression without brackets that hold no licence: `MIT (code) and CC-BY-4.0 (text)`."""

    def kept(match: re.Match[str]) -> str:
        before, inside = match.groups()
        if before.casefold() in {"and", "or", "with"} or before[-1] in "(,;&/" or _OPERATOR.search(inside):
            return match[0]
        return match[0] if _named(inside) or _spdx(inside) or _LIMIT.search(inside) else before

    return _ASIDE.sub(kept, text)


def identifier_of(text: str) -> str | None:
    """The SPDX identifier that a text is, in the usual case of its letters; one's own (`LicenseRef-...`) as it is.

    None for what is neither. Never raises.
    """
    return text if _OWN.fullmatch(text) else _spdx(text)


def meant_by(text: str) -> str:
    """The SPDX identifier that somebody meant who wrote something else, empty if that cannot be told."""
    named = _named(text) if len(text) <= _READ else None
    if named is not None and (identifier := _spdx(named)):
        return identifier
    if len(text) > _GUESSED:
        return ""
    known = {name: symbol.key for name, symbol in _licensing().known_symbols_lowercase.items() if _is_license(symbol)}
    matches = difflib.get_close_matches(text.casefold(), known, n=1, cutoff=0.66)
    return str(known[matches[0]]) if matches else ""


def _named(text: str) -> str | None:
    """The identifier of the licence that a text names as people do, if it is one; a version may be lacking in it."""
    bare = _URL.sub(" ", text)
    words = _words(bare)
    if not words:
        return _of_url(text)
    spelled = " ".join(words)
    if spelled in _SPELLINGS:
        return _SPELLINGS[spelled]
    if _is_public_domain(words):
        return PUBLIC_DOMAIN
    return _creative_commons(words)


def _is_public_domain(words: list[str]) -> bool:
    """Whether words say that a work is in the public domain, or that the government of the United States made it."""
    if not all(word in _PUBLIC_DOMAIN_WORDS or word[0].isdigit() for word in words):
        return False
    if ("public", "domain") in pairwise(words):
        return True
    american = not {"us", "usa", "u", "united", "federal"}.isdisjoint(words)
    return american and "government" in words and not {"work", "works"}.isdisjoint(words)


def _named_twice(text: str) -> str | None:
    """The identifier of a licence with something in parentheses behind it, if it is all one: `MIT License (MIT)`."""
    match = _PARENTHESES.fullmatch(text)
    if match is None or _LIMIT.search(match[2]):
        return None
    named = {_named(part) or _spdx(part) for part in match.groups()} - {None}
    return named.pop() if len(named) == 1 else None


def _words(text: str) -> list[str]:
    """The words and versions in lower case, without those that say nothing; `2.0` is `2`, and `GPLv3` is `gpl 3`."""
    words = []
    for word in _WORD.findall(text.casefold()):
        if word[0].isdigit():
            words.append(re.sub(r"(?:\.0)+$", "", word))
        elif word not in _LEFT_OUT:
            words.append(word[:-1] if word in {"gplv", "lgplv", "agplv", "aslv"} else word)
    return words


def _of_url(text: str) -> str | None:
    for pattern, identifier in _KNOWN_URLS:
        if pattern.search(text):
            return identifier
    match = _CC_URL.search(text)
    if match:
        return f"CC-{match[1].upper()}-{match[2]}"
    match = _SPDX_URL.search(text)
    return match[1] if match else None


def _creative_commons(words: list[str]) -> str | None:
    """The identifier of a Creative Commons licence, without a version if there is none; None if it is no such."""
    terms: set[str] = set()
    versions: set[str] = set()
    marked = False
    previous = ""
    for word in _split_terms(words):
        if word in _CC_WORDS:
            terms.add(_CC_WORDS[word])
        elif word[0].isdigit():
            if word == "0" and previous == "cc":  # `CC 0` and `CC0` are one
                terms.add("0")
            else:
                versions.add(word if "." in word else f"{word}.0")
        elif word not in _CC_FILLERS:
            return None
        previous = word
        marked = marked or word in {"cc", "cc0", "creative", "creativecommons", "commons"}
    if not terms or len(versions) > 1 or not (marked or (len(terms) > 1 and "BY" in terms)):
        return None
    version = "".join(versions)
    if "0" in terms:
        return "CC0-1.0" if version in {"", "1.0"} else None
    if "BY" not in terms or version not in _CC_VERSIONS:
        return None
    parts = ["CC", *(term for term in ("BY", "NC", "ND", "SA") if term in terms), *([version] if version else [])]
    return "-".join(parts)


def _split_terms(words: list[str]) -> Iterator[str]:
    """The words, with what is written together taken apart: `CCBYSA`, `share alike`, `non commercial`."""
    rest = iter(words)
    for word in rest:
        together = re.fullmatch(r"(cc)?(by)(nc)?(sa|nd)?", word)
        if together:
            yield from (term for term in together.groups() if term)
        elif word in {"share", "non", "no"}:
            yield word + next(rest, "")
        else:
            yield word


def _is_permitted(identifier: str, permitted: frozenset[str]) -> bool:
    """Whether a licence is allowed: by itself, or as one of the later versions among which one may choose."""
    folded = identifier.casefold()
    first = re.sub(r"(?:-or-later|\+)$", "", folded)
    return folded in permitted or (first != folded and not permitted.isdisjoint({first, f"{first}-only"}))


def _known(text: str, identifier: str, allowed: tuple[str, ...]) -> Denied:
    """A licence that is none of the allowed ones, or says too little to be one."""
    if re.fullmatch(r"CC(?:-[A-Z]{2})+", identifier) is not None:
        meant = [name for name in allowed if re.fullmatch(rf"{identifier}-[\d.]+", name)]
        nearest = meant[-1] if meant else ""
        return Denied(text=text, identifier=identifier, refusal=Refusal.NO_VERSION, meant=nearest)
    return Denied(text=text, identifier=identifier, refusal=Refusal.OTHER)


def _denied_symbol(text: str, allowed: tuple[str, ...], permitted: frozenset[str]) -> tuple[Denied, ...]:
    """What is wrong with a text that is no expression, and names no licence as people usually do."""
    spelled = " ".join(_words(text))
    if spelled in _RESERVED:
        return (Denied(text=text, refusal=Refusal.RESERVED),)
    if spelled in _WITHOUT_VERSION:
        meant = _WITHOUT_VERSION[spelled]
        return (Denied(text=text, refusal=Refusal.NO_VERSION, meant=meant if meant in allowed else ""),)
    identifier = _spdx(text) or _spdx(_CALLED_SO.sub("", text))
    if identifier is not None:
        return () if _is_permitted(identifier, permitted) else (_known(text, identifier, allowed),)
    if _is_permitted(text, permitted):
        return ()
    return (Denied(text=text, refusal=Refusal.UNKNOWN, meant=_meant(text, spelled, allowed)),)


def _meant(text: str, spelled: str, allowed: tuple[str, ...]) -> str:
    """The allowed identifier that was meant, if the text looks like one."""
    if spelled in _WIKIPEDIA:
        return "CC-BY-SA-4.0" if "CC-BY-SA-4.0" in allowed else ""
    if len(text) > _GUESSED:
        return ""
    folded = {identifier.casefold(): identifier for identifier in allowed}
    matches = difflib.get_close_matches(text.casefold(), folded, n=1, cutoff=0.66)
    return folded[matches[0]] if matches else ""


def _denied_in_expression(text: str, allowed: tuple[str, ...], permitted: frozenset[str]) -> tuple[Denied, ...]:
    """What is not allowed in a text of several licences: names are put in SPDX's words first, and a comma is an AND."""
    parts = _OPERATOR.split(_LIST.sub(" AND ", _without_asides(_URL.sub(" ", text)).replace("/", " OR ")))
    spelled = []
    found: dict[str, tuple[Denied, ...]] = {}
    previous = ""
    for part in parts:
        word = part.strip()
        if not word:
            continue
        if _OPERATOR.fullmatch(part):
            spelled.append(word.upper())
        elif previous == "WITH":
            spelled.append(word)
        else:
            # A placeholder an operand: what people write is no symbol of an expression.
            symbol = f"LicenseRef-{len(found)}"
            found[symbol] = _denied_operand(word, allowed, permitted)
            spelled.append(symbol)
        previous = spelled[-1]
    expression = _parsed(spelled)
    if expression is None:
        # Words that only look like operators: "the licence of this and that".
        return _denied_symbol(text, allowed, permitted)
    return tuple(dict.fromkeys(_evaluated(expression, found)))


def _denied_operand(text: str, allowed: tuple[str, ...], permitted: frozenset[str]) -> tuple[Denied, ...]:
    named = _named(text)
    if named is None:
        return _denied_symbol(text, allowed, permitted)
    return () if _is_permitted(named, permitted) else (_known(text, named, allowed),)


def _evaluated(expression: Any, found: dict[str, tuple[Denied, ...]]) -> tuple[Denied, ...]:
    """What is denied by an expression: of a choice nothing as soon as one is fine, else all."""
    operator = getattr(expression, "operator", "").strip()
    if operator not in {"AND", "OR"}:
        symbol = getattr(expression, "license_symbol", expression)
        return found.get(symbol.key, ())
    results = [_evaluated(operand, found) for operand in expression.args]
    if operator == "OR" and not all(results):
        return ()
    return tuple(item for result in results for item in result)


def _parsed(terms: list[str]) -> Any:
    """The expression that the terms are, None if they are none."""
    # Of what is none the parser raises all kinds of errors, so it gets to see the others alone.
    if not _is_well_formed(terms):
        return None
    from license_expression import ExpressionError

    try:
        return _licensing().parse(" ".join(terms))
    except ExpressionError:
        return None


def _is_well_formed(terms: list[str]) -> bool:
    """Whether operands and operators take turns, brackets match, and one word stands behind a WITH."""
    depth = 0
    operand_due = True
    previous = ""
    for term in terms:
        if term in {"AND", "OR", "WITH", ")"}:
            if operand_due or (term == "WITH" and previous == ")"):
                return False
            depth -= term == ")"
            operand_due = term != ")"
        else:
            if not operand_due or (previous == "WITH" and not _EXCEPTION.fullmatch(term)):
                return False
            depth += term == "("
            operand_due = term == "("
        if depth < 0:
            return False
        previous = term
    return depth == 0 and not operand_due


def _spdx(text: str) -> str | None:
    """The SPDX identifier that a text is, in the usual case of its letters; None if it is none."""
    symbol = _licensing().known_symbols_lowercase.get(text.casefold())
    return str(symbol.key) if symbol is not None and _is_license(symbol) else None


def _is_license(symbol: Any) -> bool:
    """Whether a symbol is a licence of SPDX: no exception, and none that only the package knows."""
    return not (symbol.is_exception or symbol.key.startswith("LicenseRef-"))


@lru_cache(maxsize=1)
def _licensing() -> Any:
    """All of SPDX: some 25 ms, for the first licence that `_SPELLINGS` does not know."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()
