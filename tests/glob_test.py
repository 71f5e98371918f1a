"""Patterns for leaves: what they match, and that none is slow."""

import fnmatch
import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taxonomy_tools.glob import matches, why_no_pattern


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        pytest.param("knowledge/history", "knowledge/history", True, id="itself"),
        pytest.param("knowledge/history", "knowledge/history/rome", True, id="a plain path and all below"),
        pytest.param("knowledge/history/", "knowledge/history/rome", True, id="a slash at the end"),
        pytest.param("./knowledge/history", "knowledge/history", True, id="a dot at the start"),
        pytest.param("knowledge/history", "knowledge/history_of_art", False, id="not what only begins so"),
        pytest.param("knowledge/*", "knowledge/history", True, id="a name"),
        pytest.param("knowledge/*", "knowledge/history/rome", False, id="a star is one folder"),
        pytest.param("knowledge/**", "knowledge/history/rome", True, id="two stars are many"),
        pytest.param("knowledge/**", "knowledge", True, id="or none"),
        pytest.param("**/rome", "rome", True, id="none at the start"),
        pytest.param("**/rome", "knowledge/history/rome", True, id="many at the start"),
        pytest.param("**/rome/**/x", "a/rome/b/rome/c/x", True, id="several"),
        pytest.param("**/rome/x", "a/rome/b/rome/x", True, id="the last of several"),
        pytest.param("**", "a/b", True, id="everything"),
        pytest.param("*/h*y", "knowledge/history", True, id="within a name"),
        pytest.param("*/h*y", "knowledge/his/tory", False, id="within one name only"),
        pytest.param("knowledge/h?story", "knowledge/history", True, id="one character"),
        pytest.param("knowledge/h?story", "knowledge/hstory", False, id="exactly one"),
        pytest.param("knowledge/[a-h]*", "knowledge/history", True, id="a range"),
        pytest.param("knowledge/[!a-h]*", "knowledge/history", False, id="not of a range"),
        pytest.param("knowledge/[]x]", "knowledge/]", True, id="a bracket in a set"),
        pytest.param("knowledge/[x", "knowledge/[x", True, id="a bracket without an end"),
        pytest.param("knowledge/[a-]", "knowledge/-", True, id="a hyphen at the end of a set"),
        pytest.param("Knowledge/**", "knowledge/history", False, id="case matters"),
        pytest.param("knowledge/ge.chichte", "knowledge/geschichte", False, id="a point is a point"),
        pytest.param("knowledge/\udcff*", "knowledge/\udcff\udcfe", True, id="names that are not UTF-8"),
    ],
)
def test_matches(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path) is expected


@given(st.text("ab*?", min_size=1, max_size=8), st.text("ab", min_size=1, max_size=8))
def test_within_a_name_it_is_what_a_shell_does(pattern: str, name: str) -> None:
    assume(re.search(r"[*?]", pattern))
    assert matches(f"x/{pattern}", f"x/{name}") is fnmatch.fnmatchcase(name, pattern)


@given(st.lists(st.sampled_from(["a", "b", "**"]), min_size=1, max_size=6), st.lists(st.sampled_from("ab"), min_size=1))
def test_between_folders_it_is_what_a_regular_expression_does(parts: list[str], names: list[str]) -> None:
    parts = [*parts, "**"]  # one without is a plain path
    regex = "".join("(?:[ab]/)*" if part == "**" else f"{part}/" for part in parts)
    assert matches("/".join(parts), "/".join(names)) is (re.fullmatch(regex, "/".join(names) + "/") is not None)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        pytest.param("*a" * 2000 + "b", "a" * 4000, id="stars within a name"),
        pytest.param("**/a/" * 500 + "b", "a/" * 2000 + "a", id="stars between folders"),
    ],
)
def test_no_pattern_is_slow(pattern: str, path: str) -> None:
    start = time.perf_counter()
    assert matches(pattern, path) is False
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        pytest.param("knowledge/**", "", id="fine"),
        pytest.param("/knowledge", "starts with `/`: paths are seen from the taxonomy's root", id="absolute"),
        pytest.param("../x", "leads upwards with `..`", id="upwards"),
        pytest.param("knowledge\\x", "has a backslash: `/` stands between folders", id="backslash"),
        pytest.param("a//b", "has an empty part", id="empty part"),
        pytest.param(".", "has an empty part", id="the root"),
    ],
)
def test_why_no_pattern(pattern: str, reason: str) -> None:
    assert why_no_pattern(pattern) == reason
