import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.lines import changed_lines


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        pytest.param("a b c", "a b c", "", id="nothing"),
        pytest.param("a b c", "a x c", "2", id="one line edited"),
        pytest.param("a b c", "a b x y c", "3 4", id="lines put in between"),
        pytest.param("a b c", "a c", "", id="a line removed"),
        pytest.param("", "a b", "1 2", id="all new"),
        pytest.param("a b", "", "1", id="all gone"),
        pytest.param("a b c d", "x b c y", "1 4", id="both ends"),
        pytest.param("a b c d e", "a x c y e", "2 4", id="around an anchor"),
        pytest.param("x - a - z", "y - a - w", "1 5", id="repeated lines beside an anchor"),
        pytest.param("a b c d", "c d a b", "1 2", id="moved: one of the two stays"),
        pytest.param("a a a", "a a a a", "4", id="one more of the same"),
        pytest.param("a b\r c", "a b c\r", "", id="line ends do not count"),
    ],
)
def test_finds_the_lines_that_were_not_there(before: str, after: str, changed: str) -> None:
    ranges = changed_lines(before.replace(" ", "\n").encode(), after.replace(" ", "\n").encode())

    assert [number for lines in ranges for number in lines] == [int(number) for number in changed.split()]


def test_gives_ranges() -> None:
    assert changed_lines(b"a\nb\n", b"x\ny\na\nz\nb\n") == (range(1, 3), range(4, 5))


_TEXTS = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=12)


def is_within(some: list[str], all_: list[str]) -> bool:
    """Whether lines stand among others in the same order."""
    rest = iter(all_)
    return all(line in rest for line in some)


@given(_TEXTS, _TEXTS)
def test_what_is_left_was_there_before_in_the_same_order(before: list[str], after: list[str]) -> None:
    before, after = before or [""], after or [""]
    ranges = changed_lines("\n".join(before).encode(), "\n".join(after).encode())
    changed = [number for lines in ranges for number in lines]

    assert changed == sorted(set(changed))
    assert set(changed) <= set(range(1, len(after) + 1))
    assert is_within([line for number, line in enumerate(after, 1) if number not in changed], before)
    assert all(one.stop < other.start for one, other in pairwise(ranges))


@given(_TEXTS, st.integers(0, 12))
def test_a_line_put_in_is_the_only_one(lines: list[str], place: int) -> None:
    after = [*lines[:place], "new", *lines[place:]]

    ranges = changed_lines("\n".join(lines or [""]).encode(), "\n".join(after).encode())

    number = min(place, len(lines)) + 1
    assert range(number, number + 1) in ranges


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"a\n" * 300_000, b"b\na\n" * 150_000, id="the same lines again and again"),
        pytest.param(
            b"".join(b"%d\n" % n for n in range(100_000)),
            b"".join(b"%d\n" % n for n in range(100_000, 0, -1)),
            id="turned around",
        ),
        pytest.param(
            b"".join(b"%d\nx\n" % n for n in range(80_000)),
            b"".join(b"%d\ny\n" % n for n in range(80_000)),
            id="every other line",
        ),
    ],
)
def test_hostile_texts_take_no_longer(before: bytes, after: bytes) -> None:
    started = time.perf_counter()
    changed_lines(before, after)
    assert time.perf_counter() - started < 20
