"""The rules about what seed examples say: what no fixture can hold, limits that are set, and hostile text."""

import json
from dataclasses import replace
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxonomy_tools.document import Document, load
from taxonomy_tools.layout import LeafKind, leaf_kind
from taxonomy_tools.rules import (
    answer_not_in_context,
    answer_too_long,
    context_too_long,
    personal_data,
    placeholder_text,
    repeated_question,
    too_many_words,
)
from taxonomy_tools.rules.base import Finding, Subject
from taxonomy_tools.standards import Standards

RULES = (
    repeated_question,
    too_many_words,
    context_too_long,
    answer_too_long,
    placeholder_text,
    personal_data,
    answer_not_in_context,
)
QA = "questions_and_answers"


def subject(text: str, kind: LeafKind | None = LeafKind.FREEFORM_SKILL) -> Subject:
    """A leaf as the rules see it, whatever its schema says."""
    document = load(text.encode())
    assert isinstance(document, Document)
    return Subject(
        path="a",
        document_path="a/qna.yaml",
        document=document,
        version=3,
        violations=(),
        lint=(),
        attribution=None,
        attribution_path="a/attribution.txt",
        misnamed=(),
        problems=(),
        kind=kind,
    )


def found(leaf: Subject) -> list[Finding]:
    """All findings, each at a place that is there."""
    assert leaf.document is not None
    findings = [finding for rule in RULES for finding in rule.check(leaf)]
    for finding in findings:
        if finding.route is not None:
            leaf.document.span(finding.route)
        assert len(finding.message) <= 200
        assert len(finding.hint) <= 80
    return findings


def answer(text: str) -> Subject:
    """A skill with that one answer."""
    return subject(f"seed_examples:\n- question: What is it?\n  answer: {json.dumps(text, ensure_ascii=False)}\n")


def personal(text: str) -> list[str]:
    """What personal data is found in a text, as it is shown."""
    return [finding.message.partition(": ")[2].strip("`") for finding in personal_data.check(answer(text))]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Ask jo.miller@gmail.com.", ["j********@gmail.com"], id="address at the end of a sentence"),
        pytest.param("<jo@mail.firma.co.uk>", ["j*@mail.firma.co.uk"], id="address with subdomains"),
        pytest.param("_jo.miller@gmail.com_ __jo@firma.de__", ["j********@gmail.com", "j*@firma.de"], id="in italics"),
        pytest.param("jo_miller@firma.de", ["j********@firma.de"], id="address with a line"),
        pytest.param("A@B.transpose() W@x.reshape(2, 3) W@x.shape x@jo.de()", [], id="products of matrices"),
        pytest.param("jo@example.com jo@a.example jo@a.test jo@localhost", [], id="reserved domains"),
        pytest.param("noreply@firma.de no-reply@firma.de 12+a@users.noreply.github.com", [], id="nobody"),
        pytest.param("info@firma.de sales@firma.de user1@firma.de", [], id="roles"),
        pytest.param("git@github.com:a/b jo@host.firma.de:/tmp/x https://jo:pw@firma.de/", [], id="logins"),
        pytest.param("a@b @jo jo@ jo@firma jo@firma.1 getty@tty1.service", [], id="no addresses"),
        pytest.param("+49 171 2345678", ["+** *** *****78"], id="telephone"),
        pytest.param("(+41) 44 668 18 00", [], id="telephone in an unusual form"),
        pytest.param("+1 (415) 736-2671", ["+* (***) ***-**71"], id="telephone in North America"),
        pytest.param(
            "+1 415 555 2671 and 415-555-2671", ["+* *** *** **71", "***-***-**71"], id="555, and a subscriber"
        ),
        pytest.param("+1 415 555 0123 (415) 555-0199 123-456-7890 800-736-2671", [], id="nobody's telephones"),
        pytest.param("+1 115 736 2671, +1 415 136 2671, +1 415 736 26711", [], id="no telephones in North America"),
        pytest.param("1-212-867-5309", ["*-***-***-**09"], id="telephone in North America with dashes"),
        pytest.param("1.212.867.5309", ["*.***.***.**09"], id="telephone in North America with dots"),
        pytest.param("1-800-867-5309 1-212-555-0123 21-212-867-5309", [], id="one, and no telephone"),
        pytest.param("+3.14159265 (+48.8582222, +2.2945000)", [], id="decimals with a sign"),
        pytest.param("+2.718281828 +1.4142135623", [], id="decimals that a telephone could have"),
        pytest.param("+12345678 1+123456789012 2024-01-02 192.168.100.200", [], id="other numbers"),
        pytest.param("4512 8866 0487 6479", ["**** **** **** **79"], id="card"),
        pytest.param("4512-8866-0487-6479.", ["****-****-****-**79"], id="card with dashes"),
        pytest.param("4512 8866-0487 6479", [], id="mixed groups"),
        pytest.param("4512 8866 0487 6478", [], id="card with a wrong check digit"),
        pytest.param("4242 4242 4242 4242, 4000 0025 0000 3155, 5555-5555-5555-4444", [], id="cards for tests"),
        pytest.param("Card 378282246310005", [], id="card for tests in one piece"),
        pytest.param("9012 8888 8888 1886", [], id="card of nobody"),
        pytest.param("4512886604876479", [], id="sixteen digits alone"),
        pytest.param("Card: 4512886604876479", ["**************79"], id="sixteen digits that are said to be a card"),
        pytest.param("DE89370400440532013000", ["********************00"], id="account"),
        pytest.param("DE89 3704 0044 0532 0130 01", [], id="account with wrong check digits"),
        pytest.param("XX89 3704 0044 0532 0130 00", [], id="account in no country"),
        pytest.param("His social security number is 536-22-1235.", ["***-**-**35"], id="social security"),
        pytest.param("Part 536-22-1235", [], id="a form alone is no social security number"),
        pytest.param("SSN 000-22-1235 666-22-1235 987-65-4321 536-00-1235 536-22-0000", [], id="ranges not given out"),
        pytest.param("529.982.247-25", ["***.***.***-25"], id="CPF"),
        pytest.param("529.982.247-26 111.111.111-11", [], id="no CPF"),
        pytest.param("2 55 08 14 168 025 38", ["* ** ** ** *** *** 38"], id="NIR"),
        pytest.param("2 55 08 14 168 025 39", [], id="NIR with a wrong key"),
        pytest.param("11010519491231002X", ["****************2X"], id="identity card"),
        pytest.param("110105194912310021", [], id="identity card with a wrong check digit"),
    ],
)
def test_personal_data(text: str, shown: list[str]) -> None:
    assert personal(text) == shown


def test_first_hundred_are_told() -> None:
    text = " ".join(f"jo{number}a@firma.de" for number in range(1000))
    assert len(list(personal_data.check(answer(text)))) == 100


@pytest.mark.parametrize(
    ("standards", "codes"),
    [
        pytest.param(Standards(), [], id="upstream's"),
        pytest.param(Standards(skill_words=8), [too_many_words], id="skill"),
        pytest.param(Standards(pair_words=4), [answer_too_long], id="pair"),
        pytest.param(Standards(skill_words=9, context_words=0, pair_words=5), [], id="as many as are there"),
    ],
)
def test_limits_of_a_configuration(standards: Standards, codes: list[object]) -> None:
    leaf = subject("seed_examples:\n- {question: a b, answer: c d e}\n- {question: a b c, answer: d, context: e f}\n")
    told = [rule for rule in RULES for _ in rule.check(replace(leaf, standards=standards))]
    assert told == codes


def test_limit_of_a_context() -> None:
    text = f"seed_examples:\n- context: a b c\n  {QA}: [{{question: a, answer: b}}]\n"
    leaf = replace(subject(text, LeafKind.KNOWLEDGE), standards=Standards(context_words=2))
    assert [finding.message for finding in context_too_long.check(leaf)] == ["`context` has 3 words, more than 2"]


def test_nothing_is_said_without_a_document() -> None:
    assert [finding for rule in RULES for finding in rule.check(replace(answer("a"), document=None))] == []


KEYS = st.sampled_from(["seed_examples", "question", "answer", "context", QA, "document", "repo", "patterns", "domain"])
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["TODO", "...", "<insert a>", "jo@firma.de", "+49 171 2345678", "In 1234 Ada Bo", "What?", "what", "\u202e"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_data_makes_a_rule_raise(value: object) -> None:
    for root in ({"seed_examples": value}, {"seed_examples": [value], "document": value, "created_by": value}):
        document = load(json.dumps(root).encode())
        if isinstance(document, Document):
            for kind in (LeafKind.KNOWLEDGE, leaf_kind("a", document.data)):
                found(replace(answer("a"), document=document, kind=kind))


HOSTILE = [
    pytest.param("+1234567890123456789012345 ", id="long numbers"),
    pytest.param("+1 ", id="beginnings of telephones"),
    pytest.param("4111111111111111 ", id="cards"),
    pytest.param("1 2-3.4 5", id="digits apart"),
    pytest.param("DE89 3704 ", id="beginnings of accounts"),
    pytest.param("a@", id="beginnings of addresses"),
    pytest.param("a.b@c.d-", id="dots"),
    pytest.param("jo@firma.de ", id="one address"),
    pytest.param("ssn 536-22-1234 ", id="one number"),
    pytest.param("<insert ", id="beginnings of gaps"),
    pytest.param("[your answer ", id="beginnings of gaps that could be"),
    pytest.param("{{", id="braces"),
    pytest.param("your ", id="yours"),
    pytest.param("a Aa Aa Aa Aa Aa Aa ", id="names"),
    pytest.param("1,234,567.8 123 ", id="numbers"),
    pytest.param("e\u0300\u0316", id="combining marks"),
    pytest.param("漢", id="Chinese"),
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_takes_no_time(unit: str) -> None:
    """Each rule takes at most a third of a second for 1 MiB; the bound leaves room for a busy machine."""
    body = json.dumps((unit * (1_000_000 // len(unit.encode())))[:1_000_000], ensure_ascii=False)
    pair = f"{{question: a b, answer: {body}}}"
    knowledge = subject(f"seed_examples:\n- {{context: abc, {QA}: [{pair}]}}\n", LeafKind.KNOWLEDGE)
    skill = subject(f"seed_examples:\n- {pair}\n")
    name = subject(f"created_by: {body}\n")
    start = process_time()
    for leaf in (knowledge, skill, name):
        found(leaf)
    assert process_time() - start < 30


@pytest.mark.parametrize("key", ["question", "answer", "context"])
def test_aliases_of_a_long_text_take_no_time(key: str) -> None:
    text = json.dumps("word 1234 Ada Bo jo@firma.de " * 15_000)
    first = {"question": "a", "answer": "b", "context": "c"} | {key: "&long TEXT"}
    rest = first | {key: "*long"}
    lines = "".join(f"  {name}: {value}\n" for name, value in first.items()).replace("TEXT", text)
    aliased = ", ".join(f"{name}: {value}" for name, value in rest.items())
    for kind in (LeafKind.KNOWLEDGE, LeafKind.GROUNDED_SKILL):
        leaf = subject(f"seed_examples:\n-{lines[1:]}" + f"- {{{aliased}}}\n" * 10_000, kind)
        start = process_time()
        found(leaf)
        assert process_time() - start < 30


def test_a_long_context_is_searched_so_far() -> None:
    """6,000 answers of words that none of a context of 500 kB has."""
    pairs = "".join(f"  - {{question: a, answer: {' '.join(f'qxz{n}y{i}' for i in range(9))}}}\n" for n in range(2_000))
    text = f"seed_examples:\n- context: {'word ' * 100_000}\n  {QA}:\n{pairs}"
    leaf = subject(text, LeafKind.KNOWLEDGE)
    start = process_time()
    list(answer_not_in_context.check(leaf))
    assert process_time() - start < 30
