"""Answers are read as strictly as the schema says, however they are made."""

import json
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from taxonomy_tools.generate.prompting import answer_schema, judge_schema
from taxonomy_tools.generate.reading import Verdict, read_sample, read_verdict, unfinished
from taxonomy_tools.generate.sample import Reason, Rejection, Sample
from taxonomy_tools.generate.settings import Model, Settings
from taxonomy_tools.layout import LeafKind
from tests.generate.answers import answer

SETTINGS = Settings(model=Model(name="tiny", digest="sha256:1"), num_ctx=4096, num_predict=100)
FREEFORM = LeafKind.FREEFORM_SKILL


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        pytest.param({}, None, id="finished"),
        pytest.param({"done_reason": ""}, None, id="a server that gives no reason"),
        pytest.param({"done": False, "done_reason": ""}, "the server stopped it", id="thirty equal pieces"),
        pytest.param({"done_reason": "length", "answer_tokens": 1100}, "cut after 1,100 tokens", id="length"),
        pytest.param({"done_reason": "load"}, "ended by `load`", id="nothing was asked"),
        pytest.param({"prompt_tokens": 4096}, "the prompt was cut to 4,096 tokens", id="prompt cut"),
        pytest.param({"prompt_tokens": 4095, "answer_tokens": 1}, None, id="just fits"),
        pytest.param(
            {"prompt_tokens": 4000, "answer_tokens": 97},
            "prompt and answer are longer than 4,096 tokens",
            id="the start of the prompt was forgotten",
        ),
        pytest.param({"prompt_tokens": 0, "answer_tokens": 0}, None, id="nothing counted"),
    ],
)
def test_unfinished(changes: dict[str, object], detail: str | None) -> None:
    expected = None if detail is None else Rejection(reason=Reason.UNFINISHED, detail=detail)
    assert unfinished(answer("four", **changes), SETTINGS) == expected


@pytest.mark.parametrize(
    ("kind", "content", "passage", "sample"),
    [
        pytest.param(
            FREEFORM, '{"question": "a", "response": "b"}', "", Sample(question="a", response="b"), id="freeform skill"
        ),
        pytest.param(
            LeafKind.GROUNDED_SKILL,
            '{"response": "b\\n\\t", "context": "c", "question": "a"}',
            "",
            Sample(question="a", response="b\n\t", context="c"),
            id="grounded skill, in any order",
        ),
        pytest.param(
            LeafKind.KNOWLEDGE,
            ' {"question": "\\ud83d\\ude00", "response": "b"}\n',
            "p",
            Sample(question="😀", response="b", context="p"),
            id="knowledge has the context of its prompt",
        ),
    ],
)
def test_sample(kind: LeafKind, content: str, passage: str, sample: Sample) -> None:
    assert read_sample(content, kind, passage=passage) == sample


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("👩‍🚀 ❤️", id="an emoji of several"),
        pytest.param("می‌خواهم", id="a joiner where letters are shaped by it"),
        pytest.param("\u200f(א)", id="a mark beside text from right to left"),
    ],
)
def test_hidden_characters_that_have_a_use(text: str) -> None:
    read = read_sample(json.dumps({"question": text, "response": "b"}), FREEFORM)
    assert read == Sample(question=text, response="b")


def test_hidden_characters_that_the_seed_examples_have() -> None:
    content = json.dumps({"question": "soft\xadly", "response": "b"})
    assert isinstance(read_sample(content, FREEFORM, known=frozenset("\xad")), Sample)
    assert isinstance(read_sample(content, FREEFORM, known=frozenset("\u200b")), Rejection)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        pytest.param("", "no JSON: expecting value at character 1", id="nothing"),
        pytest.param('{"question": "a', "no JSON: unterminated string starting at at character 14", id="cut"),
        pytest.param('{"question": "a", "response": "b"} x', "no JSON: extra data at character 36", id="more"),
        pytest.param(
            '{"question": "a\n", "response": "b"}', "no JSON: invalid control character at at character 16", id="LF"
        ),
        pytest.param("[]", "it must be an object", id="a list"),
        pytest.param("{}", "`question` is missing", id="empty"),
        pytest.param('{"question": "a"}', "`response` is missing", id="one of two"),
        pytest.param('{"question": "a", "response": 1}', "`response` must be text", id="a number"),
        pytest.param('{"question": null, "response": "b"}', "`question` must be text", id="null"),
        pytest.param('{"question": ["a"], "response": "b"}', "`question` must be text", id="nested"),
        pytest.param('{"question": "a", "response": "b", "x": 1}', "`x` is not asked for", id="one more"),
        pytest.param('{"question": "a", "response": "b", "context": "c"}', "`context` is not asked for", id="context"),
        pytest.param('{"question": "a", "question": "a", "response": "b"}', "`question` is there twice", id="twice"),
        pytest.param('{"question": NaN, "response": "b"}', "`NaN` is no JSON", id="NaN"),
        pytest.param('{"question": -Infinity, "response": "b"}', "`-Infinity` is no JSON", id="infinity"),
        pytest.param(
            '{"question": "\\ud800", "response": "b"}', "`question` holds the character U+D800", id="surrogate"
        ),
        pytest.param('{"question": "a", "response": "\\u0000"}', "`response` holds the character U+0000", id="NUL"),
        pytest.param(
            '{"question": "a", "response": "\\u001b[2J"}', "`response` holds the character U+001B", id="escape"
        ),
        pytest.param(
            '{"question": "a", "response": "\\u202eb"}', "`response` holds the character U+202E", id="direction"
        ),
        pytest.param(
            '{"question": "a\u200bc", "response": "b"}', "`question` holds the character U+200B", id="zero width"
        ),
        pytest.param(
            '{"question": "a", "response": "b\U000e0041\U000e0042"}',
            "`response` holds the character U+E0041",
            id="tags",
        ),
        pytest.param(
            '{"question": "a", "response": "b", "\\ud800\\n": 1}', "`�\n` is not asked for", id="a key of halves"
        ),
        pytest.param('{"question": ' + "9" * 10_000 + "}", "a number is too long", id="a long number"),
        pytest.param("[" * 100_000, "it is nested too deep", id="nested deep"),
        pytest.param('{"a":' * 100_000, "it is nested too deep", id="objects nested deep"),
        pytest.param('"' + "a" * (1 << 20), "it has 1,048,577 characters", id="long"),
    ],
)
def test_invalid(content: str, detail: str) -> None:
    start = process_time()
    assert read_sample(content, FREEFORM) == Rejection(reason=Reason.INVALID, detail=detail)
    assert process_time() - start < 2


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["question", "x"]), inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.dictionaries(
    st.sampled_from(["context", "question", "response", "reason", "score", "x"]), VALUES | st.text(), max_size=4
)


@given(
    st.sampled_from(LeafKind), OBJECTS | VALUES | st.fixed_dictionaries({"question": st.text(), "response": st.text()})
)
def test_says_what_the_schema_says(kind: LeafKind, value: object) -> None:
    content = json.dumps(value)
    read = read_sample(content, kind)
    if "holds the character" not in (read.detail if isinstance(read, Rejection) else ""):
        assert isinstance(read, Sample) == Draft202012Validator(answer_schema(kind)).is_valid(value)


@given(
    st.fixed_dictionaries(
        {"reason": st.text("ab") | st.integers(), "score": st.integers(-1, 7) | st.floats(0, 6) | st.booleans()},
        optional={"x": st.text()},
    )
    | OBJECTS
)
def test_verdict_says_what_the_schema_says(value: dict[str, object]) -> None:
    read = read_verdict(json.dumps(value))
    if "holds the character" not in (read.detail if isinstance(read, Rejection) else ""):
        assert isinstance(read, Verdict) == Draft202012Validator(judge_schema()).is_valid(value)


@pytest.mark.parametrize(
    ("score", "expected"), [pytest.param(1, 0.0, id="worst"), (4, 0.75), (4.0, 0.75), pytest.param(5, 1.0, id="best")]
)
def test_scores_go_from_0_to_1(score: float, expected: float) -> None:
    assert read_verdict(json.dumps({"reason": "clear", "score": score})) == Verdict(score=expected, reason="clear")


@pytest.mark.parametrize("score", ["1e999", '"5"', "true", "4.5", "0", "6"])
def test_other_scores_are_none(score: str) -> None:
    assert read_verdict(f'{{"reason": "clear", "score": {score}}}') == Rejection(
        reason=Reason.JUDGED, detail="the judge's answer cannot be read: `score` must be a whole number from 1 to 5"
    )
