"""Loops are found, refrains are not."""

from time import process_time

import pytest

from taxonomy_tools.generate.phrases import repeated_phrase


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("Ha ha ha ha ha, said the old king.", "", id="a laugh"),
        pytest.param("Row, row, row your boat.\n" * 3, "", id="a refrain"),
        pytest.param("\n".join(f"{n}. item {n}" for n in range(200)), "", id="a list"),
        pytest.param("|---|---|\n" * 3 + "=" * 500 + "\n" + "- " * 500, "", id="rulers"),
        pytest.param("The sky is blue. " + "And so on, " * 12, "`and so on` 12 times in a row", id="a loop at the end"),
        pytest.param("no " * 24 + "is the answer to all of it", "`no` 24 times in a row", id="a loop at the start"),
        pytest.param("no " * 23, "", id="just none"),
        pytest.param(
            "We went there and we came back again. " * 4,
            "`we went there and we came back again` 4 times in a row",
            id="a sentence",
        ),
        pytest.param("We went there and we came back again. " * 3, "", id="a sentence three times"),
        pytest.param("Well: " + "ha" * 400, "`ha` 400 times in a row", id="a loop of letters"),
        pytest.param("0123456789abcdef" * 3, "", id="a hash"),
        pytest.param("".join(f"{n}x" for n in range(99)), "", id="a long word"),
        pytest.param("好" * 30, "`好` 30 times in a row", id="without spaces"),
    ],
)
def test_repeated_phrase(text: str, told: str) -> None:
    assert repeated_phrase(text) == told


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * 1_000_000, id="one letter"),
        pytest.param("a b " * 250_000, id="two words"),
        pytest.param(" ".join(map(str, range(100_000))), id="words that differ"),
        pytest.param(" ".join("ab"[n % 7 == 0] * 70 for n in range(10_000)), id="long words"),
    ],
)
def test_time_is_bounded(text: str) -> None:
    start = process_time()
    repeated_phrase(text)
    assert process_time() - start < 3
