from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.reporters.worst import Worst


@given(st.lists(st.tuples(st.integers(0, 50), st.text("ab", max_size=5)), max_size=60), st.integers(1, 10))
def test_keeps_what_sorting_everything_would(offers: list[tuple[int, str]], number: int) -> None:
    worst = Worst(number=number, size=1_000)
    for place, (key, text) in enumerate(offers):
        worst.put((key, place), text)

    expected = sorted(((key, place), text) for place, (key, text) in enumerate(offers))[:number]
    assert worst.texts() == expected
    assert worst.offered == len(offers)


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 100))
def test_keeps_the_first_that_fit_the_size(sizes: list[int], size: int) -> None:
    worst = Worst(number=1_000, size=size)
    for place, length in enumerate(reversed(sizes)):
        worst.put((-place,), "x" * length)

    kept: list[int] = []
    for length in sizes:
        if sum(kept) + length > size:
            break
        kept.append(length)
    assert [len(text) for _, text in worst.texts()] == kept


def test_holds_no_more_than_twice_of_either() -> None:
    worst = Worst(number=5, size=1_000)
    held = []
    for place in range(1_000):
        worst.put((-place,), "x" * 100)
        held.append(len(worst._kept))
    assert max(held) < 10
