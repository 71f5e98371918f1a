"""Another script than the leaf's is told from a letter of it."""

import pytest

from taxonomy_tools.generate.scripts import Scripts

ENGLISH = ["What is the capital of France?", "Paris."]


@pytest.mark.parametrize(
    ("own", "text", "told"),
    [
        pytest.param(ENGLISH, "Berlin is the capital of Germany.", "", id="the same"),
        pytest.param(ENGLISH, "Où est né François? Žižkov.", "", id="letters with accents"),
        pytest.param(ENGLISH, "", "", id="nothing"),
        pytest.param(ENGLISH, "12 + 4 = 16 😀 → ∑", "", id="numbers, signs and pictures"),
        pytest.param(ENGLISH, "π r² and Δx in µm, 𝒙 ∈ ℝ, 𝐀𝐁𝐂𝐃", "", id="formulas"),
        pytest.param(ENGLISH, "The capital of Japan is Tokyo, which is written 東京 at home.", "", id="a name at home"),
        pytest.param(ENGLISH, "巴黎是法国的首都。", "8 letters are Han", id="Chinese"),
        pytest.param(ENGLISH, "The capital is 法国的首都是巴黎", "8 letters are Han", id="half of it"),
        pytest.param(ENGLISH, "Париж - столица Франции", "19 letters are Cyrillic", id="Russian"),
        pytest.param(
            ENGLISH, "The answer. " * 100 + "Париж столица Франции " * 4, "76 letters are Cyrillic", id="in a long one"
        ),
        pytest.param(ENGLISH, "パリはとても", "4 letters are Hiragana", id="Japanese"),
        pytest.param(["巴黎"], "Paris is the capital", "17 letters are Latin", id="English for Chinese"),
        pytest.param(["Translate: Париж"], "Берлин and Berlin", "", id="seeds in both"),
        pytest.param([], "巴黎", "", id="no text to go by"),
        pytest.param(["3 + 4"], "巴黎", "", id="no letter to go by"),
    ],
)
def test_scripts(own: list[str], text: str, told: str) -> None:
    assert Scripts(own).find("", text) == told


def test_what_the_prompt_gave_may_be_used() -> None:
    assert Scripts(ENGLISH).find("Париж", known="Париж, столица Франции") == ""
