"""Which lines of a text are not those of the text before it, in a time that grows with the lines alone."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence


def changed_lines(before: bytes, after: bytes) -> tuple[range, ...]:
    """The lines of `after`, numbered from 1, that `before` does not have in the same order, as ranges in order.

    What both begin and end with is set aside; in between, lines that stand once on either side are the anchors, and the
    lines around them are compared (patience diff). Nothing is tried twice, so hostile text costs no more than any other
    (difflib and Git's default are quadratic at worst); in exchange, some repeated lines count as changed.
    """
    old, new = _lines(before), _lines(after)
    first, last = _common_ends(old, new)
    kept = _kept(old[first : len(old) - last], new[first : len(new) - last])
    changed = [number for number in range(first, len(new) - last) if number - first not in kept]
    return _ranges(changed)


def kept_lines(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int]]:
    """The indices of lines, from 0, that both have in the same order: each pair in `old` and in `new`.

    Where both have as many lines, those in the same place are compared, otherwise as in `changed_lines`.
    """
    if len(old) == len(new):
        return [(index, index) for index, line in enumerate(old) if line == new[index]]
    first, last = _common_ends(old, new)
    kept = _kept(old[first : len(old) - last], new[first : len(new) - last])
    return [
        *((index, index) for index in range(first)),
        *((first + kept[index], first + index) for index in sorted(kept)),
        *((len(old) - back, len(new) - back) for back in range(last, 0, -1)),
    ]


def _lines(content: bytes) -> list[bytes]:
    """Lines end at LF or CRLF, as everywhere here."""
    return [line.removesuffix(b"\r") for line in content.split(b"\n")]


def _common_ends(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[int, int]:
    """How many lines both have in common at their start, and then at their end."""
    shorter = min(len(old), len(new))
    first = 0
    while first < shorter and old[first] == new[first]:
        first += 1
    last = 0
    while last < shorter - first and old[-1 - last] == new[-1 - last]:
        last += 1
    return first, last


def _kept(old: Sequence[bytes], new: Sequence[bytes]) -> dict[int, int]:
    """The indices of the new lines that were there before, in the same order, each with its index there."""
    kept: dict[int, int] = {}
    free_old = free_new = 0  # where the lines begin that belong to no anchor yet
    for old_index, new_index in [*_anchors(old, new), (len(old), len(new))]:
        one, other = free_old, free_new
        while one < old_index and other < new_index and old[one] == new[other]:
            kept[other] = one
            one, other = one + 1, other + 1
        one_back, other_back = old_index - 1, new_index - 1
        while one_back >= one and other_back >= other and old[one_back] == new[other_back]:
            kept[other_back] = one_back
            one_back, other_back = one_back - 1, other_back - 1
        kept[new_index] = old_index
        free_old, free_new = old_index + 1, new_index + 1
    kept.pop(len(new), None)
    return kept


def _anchors(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int]]:
    """Pairs of indices of lines that stand once on either side: the longest series that keeps its order."""
    in_old, in_new = Counter(old), Counter(new)
    places = {line: index for index, line in enumerate(old) if in_old[line] == 1}
    pairs = [(places[line], index) for index, line in enumerate(new) if in_new[line] == 1 and line in places]
    tails: list[int] = []  # the smallest old index that ends a series of each length, ...
    ends: list[int] = []  # ... which pair that is, ...
    before: list[int] = []  # ... and for each pair the one that comes before it
    for number, (old_index, _) in enumerate(pairs):
        length = bisect_left(tails, old_index)
        if length == len(tails):
            tails.append(old_index)
            ends.append(number)
        else:
            tails[length] = old_index
            ends[length] = number
        before.append(ends[length - 1] if length else -1)
    series = []
    number = ends[-1] if ends else -1
    while number >= 0:
        series.append(pairs[number])
        number = before[number]
    return series[::-1]


def _ranges(numbers: Sequence[int]) -> tuple[range, ...]:
    """Indices from 0, in order, as ranges of numbers from 1."""
    ranges: list[range] = []
    for number in numbers:
        if ranges and ranges[-1].stop == number + 1:
            ranges[-1] = range(ranges[-1].start, number + 2)
        else:
            ranges.append(range(number + 1, number + 2))
    return tuple(ranges)
