"""Records become JSON and records again, and what is no record becomes none."""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.content import Difference
from taxonomy_tools.records import from_json, to_json
from taxonomy_tools.verdict import Verdict

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(), inner, max_size=3)),
)
TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, kw_only=True, slots=True)
class Inner:
    number: int
    flag: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Outer:
    colour: Colour | None
    inner: tuple[Inner, ...] = ()
    lines: tuple[range, ...] | None = None
    text: str = ""
    choice: Literal["a", "b"] | int = "a"
    share: float = 0.5
    pair: tuple[str, tuple[int, ...]] = ("", ())


st.register_type_strategy(range, st.tuples(st.integers(), st.integers()).map(lambda bounds: range(*bounds)))
st.register_type_strategy(str, TEXT)


@pytest.mark.parametrize("kind", [Outer, Verdict, Difference])
@given(data=st.data())
def test_a_record_comes_back(kind: type, data: st.DataObject) -> None:
    record = data.draw(st.from_type(kind))
    spelled = json.loads(json.dumps(to_json(record), ensure_ascii=False))
    assert from_json(kind, spelled) == record


@pytest.mark.parametrize("kind", [Verdict, Difference])
@given(value=JSON)
def test_what_is_no_record_is_none(kind: type, value: object) -> None:
    record = from_json(kind, value)
    assert record is None or to_json(record) == value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(["red", [], None, "", "a", 0.5, ["", []], 1], id="a field too many"),
        pytest.param(["red", [], None, "", "a", 0.5], id="a field too few"),
        pytest.param({"colour": "red"}, id="no list"),
        pytest.param(["blue", [], None, "", "a", 0.5, ["", []]], id="no member"),
        pytest.param([["red"], [], None, "", "a", 0.5, ["", []]], id="nothing that could be a member"),
        pytest.param(["red", "", None, "", "a", 0.5, ["", []]], id="no items"),
        pytest.param(["red", [[1]], None, "", "a", 0.5, ["", []]], id="a field too few within"),
        pytest.param(["red", [[True, False]], None, "", "a", 0.5, ["", []]], id="a boolean for a number"),
        pytest.param(["red", [[1, 0]], None, "", "a", 0.5, ["", []]], id="a number for a boolean"),
        pytest.param(["red", [], [[1]], "", "a", 0.5, ["", []]], id="half a range"),
        pytest.param(["red", [], [["1", 2]], "", "a", 0.5, ["", []]], id="a range of text"),
        pytest.param(["red", [], None, None, "a", 0.5, ["", []]], id="nothing for text"),
        pytest.param(["red", [], None, "", "c", 0.5, ["", []]], id="another choice"),
        pytest.param(["red", [], None, "", [], 0.5, ["", []]], id="a list for a choice"),
        pytest.param(["red", [], None, "", "a", 1, ["", []]], id="a whole number for a share"),
        pytest.param(["red", [], None, "", "a", 0.5, [""]], id="half a pair"),
        pytest.param(["red", [], None, "", "a", 0.5, [[], ""]], id="a pair turned around"),
    ],
)
def test_nothing_malformed_becomes_a_record(value: object) -> None:
    assert from_json(Outer, ["red", [[1, False]], [[1, 2]], "", "a", 0.5, ["", []]]) is not None
    assert from_json(Outer, value) is None


def test_what_has_no_place_in_a_record_is_told_at_once() -> None:
    @dataclass(frozen=True, slots=True)
    class Strange:
        data: object

    with pytest.raises(TypeError, match="no place in a record"):
        from_json(Strange, [1])
