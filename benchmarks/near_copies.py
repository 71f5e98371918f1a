"""What near-copy checks cost: judging one more sample of a leaf that has thousands, and the room that these take."""

import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from time import perf_counter

from taxonomy_tools.generate.copies import Texts

Writer = Callable[[Random], list[str]]
_LIKENESS = 0.7
_ASKED = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """The mean and the worst time that one more sample takes to be compared with `kept` others, in seconds."""

    texts: str
    kept: int
    mean: float
    worst: float


def topic(dice: Random) -> list[str]:
    """Fifty words of 5,000, as often as words are (Zipf)."""
    return [f"w{int(5000 ** dice.random())}" for _ in range(50)]


def sums(dice: Random) -> list[str]:
    """A short template: "what is 17 plus 25" with its answer."""
    left, right = dice.randrange(1000), dice.randrange(1000)
    return f"what is {left} plus {right} {left} plus {right} is {left + right}".split()


def prefix(dice: Random) -> list[str]:
    """Thirty words that all texts begin with, and thirty of the same fifty."""
    return [*(f"p{number}" for number in range(30)), *(str(dice.randrange(50)) for _ in range(30))]


def small_vocabulary(dice: Random) -> list[str]:
    """Fifty of the same twenty words: no word is rare, and the index is of no use."""
    return [f"w{dice.randrange(20)}" for _ in range(50)]


WRITERS: Mapping[str, Writer] = {
    "one topic": topic,
    "sums": sums,
    "one long beginning": prefix,
    "twenty words": small_vocabulary,
}


def measure_near_copies(kept: int = 10_000) -> list[Cost]:
    """What one more sample costs where `kept` are there already, for texts of several kinds."""
    return [_cost(name, writer, kept) for name, writer in WRITERS.items()]


def measure_room(kept: int = 20_000) -> float:
    """The megabytes that as many samples of 50 words take, of a vocabulary of 30,000 words."""
    dice = Random(0)
    texts = Texts(_LIKENESS)
    tracemalloc.start()
    try:
        for _ in range(kept):
            texts.add([f"w{int(30_000 ** dice.random())}" for _ in range(50)])
        return tracemalloc.get_traced_memory()[0] / 1e6
    finally:
        tracemalloc.stop()


def _cost(name: str, writer: Writer, kept: int) -> Cost:
    dice = Random(0)
    texts = Texts(_LIKENESS)
    for _ in range(kept):
        texts.add(writer(dice))
    taken = []
    for asked in [writer(dice) for _ in range(_ASKED)]:
        start = perf_counter()
        texts.closest(asked)
        taken.append(perf_counter() - start)
    return Cost(texts=name, kept=kept, mean=sum(taken) / len(taken), worst=max(taken))
