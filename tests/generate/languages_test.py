"""Another language is told where it is sure, and nowhere else."""

import sys
from subprocess import run

import pytest

from taxonomy_tools.generate.languages import Languages

ENGLISH = [
    "The house at the end of the road was built by a man who had come from the sea and never spoke of it.",
    "Most of the birds that live there leave in the autumn and return when the days are long again.",
]
GERMAN = (
    "Das Haus am Ende der Straße wurde von einem Mann gebaut, der vom Meer gekommen war und nie davon sprach, "
    "auch wenn die Kinder ihn danach fragten."
)
FRENCH = (
    "La maison au bout de la rue a été construite par un homme qui était venu de la mer et qui n'en parlait jamais, "
    "même quand les enfants lui posaient la question."
)


@pytest.mark.parametrize(
    ("own", "text", "told"),
    [
        pytest.param(ENGLISH, ENGLISH[0] * 20, "", id="the same"),
        pytest.param(ENGLISH, GERMAN, "the language is `de`", id="German for English"),
        pytest.param([GERMAN] * 2, FRENCH, "the language is `fr`", id="French for German"),
        pytest.param(ENGLISH, "Das Haus am Ende der Straße", "", id="too short to be sure"),
        pytest.param(ENGLISH, "def main(args): return [x for x in args if x] " * 20, "", id="code"),
        pytest.param(ENGLISH, "anna.meier@example.org, https://example.org/haus, " * 20, "", id="addresses"),
        pytest.param(ENGLISH, "", "", id="nothing"),
        pytest.param(ENGLISH, " ".join(f"\u1200{chr(0x1201 + n)}" for n in range(40)), "", id="one that is not known"),
        pytest.param([*ENGLISH, "Das Haus steht am Ende der Straße."], GERMAN, "", id="a seed example in both"),
        pytest.param([GERMAN, FRENCH], ENGLISH[0] * 2, "", id="seed examples in several"),
        pytest.param(["Yes.", "No."], GERMAN, "", id="seed examples too short"),
        pytest.param([], GERMAN, "", id="none"),
    ],
)
def test_languages(own: list[str], text: str, told: str) -> None:
    assert Languages(own).find(text) == told


def test_same_in_every_process() -> None:
    code = "from taxonomy_tools.generate.languages import _possible; import sys; print(_possible(sys.argv[1]))"
    found = {
        run(
            [sys.executable, "-P", "-c", code, "Gato perro sol casa el la que " * 4],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
