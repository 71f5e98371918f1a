"""A seed example holds personal data.

What it flags
    E-mail addresses of persons; telephone numbers in international form, or in North America's with its separators;
    numbers of payment cards (issuer, length and check digit right, in their groups), bank accounts (IBAN, its check
    digits right), US social security (where the text speaks of it), Brazilian CPF, French NIR and Chinese identity
    cards (check digits right). Addresses and numbers that are reserved for examples are not flagged (`example.com`,
    `.test`, 555-0100, cards that payment services publish for tests), nor are `noreply@` and other roles, and
    `created_by` and `attribution.txt`, where contributors are named. Whatever is told of the leaf, by this rule or
    another, shows asterisks in their place. Of one leaf the first hundred are told.

Why
    What a model is trained on comes out of it again, a taxonomy is public, and Git keeps what is removed later.

Instead
    answer: Write to jo@example.com

For example
    answer: Write to jo.miller@gmail.com
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.document import Document
from taxonomy_tools.rules.base import Finding, Subject, name_of
from taxonomy_tools.seeds import Passage, read, span_within

CODE = "TX507"
NAME = "personal-data"
SEVERITY = Severity.WARNING

_MOST = 100
"""Findings a leaf: each is looked up in the text, and whoever put in more has to look at all of it anyway."""

_EMAIL = re.compile(
    r"(?<![^\W_]|[.%+@/-])[A-Za-z0-9][\w.%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![^\W_]|[@(]|_+[^\W_]|-\w)"
)
# RFC 2606 and 6761, and what is no domain: units of systemd, files, names of local networks, attributes in NumPy.
_RESERVED_DOMAINS = re.compile(r"(?:^|\.)example\.(?:com|org|net|edu)$|\.(?:example|test|invalid|localhost)$")
_NO_DOMAINS = frozenset(
    "arpa bias conf corp css domain dtype grad home hostname html internal jpg js json lan local mount ndim png "
    "reshape service shape slice socket svg target timer transpose ts txt values weight weights xml yaml yml".split()
)
_ROLES = frozenset(
    "abuse admin administrator bot contact contributors donotreply email example feedback firstname firstnamelastname "
    "foo git github hello help info lastname list mail maintainers marketing me name news newsletter noreply office "
    "orders postmaster press privacy replies reply root sales security service someone somebody ssh support team test "
    "user username webmaster you your youremail yourname".split()
)

# All that follow have eight digits or more, with little between them.
_DIGITS = re.compile(r"[0-9](?:[ ().-]{0,2}[0-9]){8}")
_PHONE = re.compile(
    r"(?<![\w+.=*/-])(?:\+[1-9](?:[ .()-]{0,2}[0-9]){8,14}"
    r"|(?:1[.-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[.-][0-9]{4})(?![\w*/-]|[.,][0-9])"
)
_DECIMAL = re.compile(r"\+[0-9]+\.[0-9]+")
_CARD = re.compile(
    r"(?<![\w.+-])(?:[2-6][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}|3[47][0-9]{2}([ -])[0-9]{6}\2[0-9]{5}"
    r"|[2-6][0-9]{14,15})(?![\w-]| [0-9]{4}\b)"
)
_IBAN = re.compile(r"(?<![\w-])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_SSN = re.compile(r"(?<![\w.-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])")
_CPF = re.compile(r"(?<![\w.-])[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}(?![\w-])")
_NIR = re.compile(r"(?<![\w.-])[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]) ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}(?![\w-])")
_RESIDENT = re.compile(
    r"(?<![\w.-])[1-8][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?![\w-])"
)

_CARD_WORDS = re.compile(r"\b(?:card|visa|mastercard|amex|american express|discover)\b", re.IGNORECASE)
_SSN_WORDS = re.compile(r"\b(?:ssn|social[ -]security)\b", re.IGNORECASE)
_NO_DIGIT = re.compile("[^0-9]")
_VOID_SSN = frozenset({"078-05-1120", "219-09-9999"})  # printed in advertisements, and void for that
# What payment services have published for tests: no bank gives them to anybody.
_TEST_ISSUER = "400000"
_TEST_CARDS = frozenset(
    """
    4242424242424242 4111111111111111 4012888888881881 4000056655665556 4005519200000004 4009348888881881
    4012000033330026 4012000077777777 4217651111111119 4500600000000061 4444333322221111 4988438843884305
    4166676667666746 4646464646464644 5555555555554444 5200828282828210 5105105105105100 2223003122003222
    5454545454545454 2222400070000005 2222410740360010 5555341244441115 5577000055770004 5136333333333335
    5585558555855583 5555444433331111 5424000000000015 5431111111111111 5111111111111118 378282246310005
    371449635398431 378734493671000 370000000000002 374251018720018 371144371144376 341111111111111 343434343434343
    6011111111111117 6011000990139424 6011981111111113 6011000000000012 6011601160116611 6445644564456445
    6011000400000000 3056930009020004 3566002020360505 3530111333300000 3569990010095841
    """.split()
)
_FREE_OF_CHARGE = frozenset("800 833 844 855 866 877 888 900".split())
# Numbers that are kept for films, in North America and (Ofcom) the United Kingdom.
_FILM_NUMBERS = re.compile(r"1[2-9][0-9]{2}55501[0-9]{2}$|447700900|442079460|441632960|441914980|441134960|441614960")
# ISO 13616: how long an IBAN of a country is.
_IBAN_LENGTHS: Mapping[str, int] = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE BI",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH CR HR LI LV",
        22: "BG BH DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """A kind of personal data: what it looks like, whether what looks so is one, and what its text must speak of."""

    words: str
    hint: str
    pattern: re.Pattern[str]
    is_one: Callable[[re.Match[str]], bool]
    subject: re.Pattern[str] | None = None


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a thing and passage, where it stands first."""
    if subject.document is not None:
        yield from islice(_findings(subject.document), _MOST)


def _findings(document: Document) -> Iterator[Finding]:
    for passage, things in _things(document):
        yield from _found(document, passage, things)


def _found(document: Document, passage: Passage, things: Mapping[str, _Kind]) -> Iterator[Finding]:
    for text, kind in things.items():
        message = f"{name_of(passage.route)} holds {kind.words}: `{_masked(text)}`"
        yield Finding(message=message, span=span_within(document, passage.route, text), hint=kind.hint)


def found_in(document: Document) -> dict[str, str]:
    """All personal data of a document, not only what is told of it, and what to show for each: as long as it is."""
    return {text: _masked(text) for _, things in _things(document) for text in things}


def without_data(text: str) -> str:
    """A text, as long as it is, with asterisks in the place of personal data."""
    characters = list(text)
    for match, _ in _places(text):
        characters[slice(*match.span())] = _masked(match[0])
    return "".join(characters)


@lru_cache(maxsize=1)
def _things(document: Document) -> tuple[tuple[Passage, Mapping[str, _Kind]], ...]:
    """The texts of a document that hold personal data, and what each holds, in the order of its kinds."""
    passages = (*read(document).texts, *_other_texts(document))
    found = ((passage, {match[0]: kind for match, kind in _places(passage.text)}) for passage in passages)
    return tuple((passage, things) for passage, things in found if things)


def _places(text: str) -> Iterator[tuple[re.Match[str], _Kind]]:
    # Most texts hold neither: two searches for all that is sought.
    kinds = _ADDRESSES if "@" in text else ()
    if _DIGITS.search(text):
        kinds += _NUMBERS
    taken = bytearray(len(text) if kinds else 0)
    for kind in kinds:
        if kind.subject is not None and not kind.subject.search(text):
            continue
        for match in kind.pattern.finditer(text):
            start, end = match.span()
            if taken.find(1, start, end) < 0 and kind.is_one(match):
                taken[start:end] = b"\1" * (end - start)
                yield match, kind


def _masked(found: str) -> str:
    """As long as it was, with the first letter and the domain of an address, and the last two digits of a number."""
    local, at, domain = found.partition("@")
    if at:
        return f"{local[0]}{'*' * (len(local) - 1)}@{domain}"
    return re.sub("[A-Za-z0-9]", "*", found[:-2]) + found[-2:]


def _other_texts(document: Document) -> Iterator[Passage]:
    data = document.data if isinstance(document.data, dict) else {}
    for key in ("task_description", "document_outline"):
        text = data.get(key)
        if isinstance(text, str):
            yield Passage(text, (key,))


def _is_person(match: re.Match[str]) -> bool:
    """Whether an e-mail address is that of a person: not reserved, no role, no login to a machine."""
    local, _, domain = match[0].lower().rpartition("@")
    if _RESERVED_DOMAINS.search(domain) or domain.rpartition(".")[2] in _NO_DOMAINS:
        return False
    if re.match(r":\S", match.string[match.end() : match.end() + 2]):
        return False  # scp, and Git: user@host:path
    name = local.partition("+")[0]
    plain = re.sub(r"[\d._-]", "", name)
    if plain in _ROLES or "noreply" in plain or not plain:
        return False
    before = match.string[max(0, match.start() - 200) : match.start()]
    return "://" not in before.rpartition(" ")[2]


def _is_phone(match: re.Match[str]) -> bool:
    found = match[0]
    digits = _NO_DIGIT.sub("", found)
    if _DECIMAL.fullmatch(found):
        return False
    if len(digits) == 10 and not found.startswith("+"):
        digits = f"1{digits}"
    if digits.startswith("1") and not _is_north_american(digits):
        return False
    made_up = digits[1:] in "01234567890123456789" or len(set(digits[-7:])) == 1
    balanced = found.count("(") == found.count(")") <= 1
    return balanced and not made_up and not digits.startswith("800") and _FILM_NUMBERS.match(digits) is None


def _is_north_american(digits: str) -> bool:
    """Whether digits after a 1 are a subscriber's: areas and exchanges begin with 2 to 9, and some areas are free."""
    return (
        len(digits) == 11
        and digits[1] in "23456789"
        and digits[4] in "23456789"
        and digits[1:4] not in _FREE_OF_CHARGE
        and digits[1:4] != "555"
    )


def _is_card(match: re.Match[str]) -> bool:
    digits = _NO_DIGIT.sub("", match[0])
    if len(digits) == len(match[0]) and not _CARD_WORDS.search(
        match.string, max(0, match.start() - 100), match.start()
    ):
        return False
    if digits in _TEST_CARDS or digits.startswith(_TEST_ISSUER):
        return False
    return _is_issued(digits) and _luhn(digits) and len(set(digits)) > 1


def _is_issued(digits: str) -> bool:
    """Whether digits begin and are as long as those of Visa, Mastercard, American Express, Discover, Diners or JCB."""
    first = int(digits[:6])
    if len(digits) == 15:
        return first // 10_000 in (34, 37)
    return (
        first // 100_000 == 4
        or 510_000 <= first < 560_000
        or 222_100 <= first < 272_100
        or first // 100 == 6011
        or 622_126 <= first < 622_926
        or 640_000 <= first < 660_000
        or 352_800 <= first < 359_000
        or first // 10_000 in (30, 36, 38, 39)
    )


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1: from the right, every second digit counts twice."""
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)) % 10 == 0


def _is_iban(match: re.Match[str]) -> bool:
    compact = match[0].replace(" ", "")
    account = compact[: _IBAN_LENGTHS.get(compact[:2], 0)]
    if len(account) < 15 or len(compact) - len(account) not in (0, 1, 2, 3, 4):
        return False
    number = "".join(str(int(character, 36)) for character in account[4:] + account[:4])
    return int(number) % 97 == 1 and len(set(account[4:])) > 2


def _is_ssn(match: re.Match[str]) -> bool:
    return match[0] not in _VOID_SSN


def _is_cpf(match: re.Match[str]) -> bool:
    digits = [int(character) for character in match[0] if character.isdigit()]
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        total = sum(digit * weight for digit, weight in zip(digits, range(length + 1, 1, -1), strict=False))
        if digits[length] != total * 10 % 11 % 10:
            return False
    return True


def _is_nir(match: re.Match[str]) -> bool:
    digits = match[0].replace(" ", "")
    return int(digits[:13]) % 97 == 97 - int(digits[13:])


def _is_resident(match: re.Match[str]) -> bool:
    """GB 11643: weights are powers of two modulo 11."""
    total = sum(int(digit) * (2 ** (17 - index) % 11) for index, digit in enumerate(match[0][:17]))
    return "10X98765432"[total % 11] == match[0][17].upper()


_ADDRESSES: tuple[_Kind, ...] = (
    _Kind(words="an e-mail address", hint="use one at example.com", pattern=_EMAIL, is_one=_is_person),
)
_LEAVE_OUT = "leave it out, or write zeros"
_NUMBERS = (
    _Kind(words="the number of a payment card", hint=_LEAVE_OUT, pattern=_CARD, is_one=_is_card),
    _Kind(words="the number of a bank account", hint=_LEAVE_OUT, pattern=_IBAN, is_one=_is_iban),
    _Kind(words="a US social security number", hint=_LEAVE_OUT, pattern=_SSN, is_one=_is_ssn, subject=_SSN_WORDS),
    _Kind(words="a Brazilian CPF number", hint=_LEAVE_OUT, pattern=_CPF, is_one=_is_cpf),
    _Kind(words="a French social security number", hint=_LEAVE_OUT, pattern=_NIR, is_one=_is_nir),
    _Kind(words="the number of a Chinese identity card", hint=_LEAVE_OUT, pattern=_RESIDENT, is_one=_is_resident),
    _Kind(words="a telephone number", hint="use 555-0100 to 555-0199", pattern=_PHONE, is_one=_is_phone),
)
PATTERNS = tuple(kind.pattern for kind in (*_ADDRESSES, *_NUMBERS))
"""What looks like personal data; `found_in` says what is."""
