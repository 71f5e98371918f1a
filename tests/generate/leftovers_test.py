"""What belongs to the conversation is no sample, unless the leaf is about it."""

from importlib.resources import files
from time import process_time

import pytest

from taxonomy_tools.generate.leftovers import Leftovers


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("Paris is the capital of France.", "", id="an answer"),
        pytest.param("I'm sorry that I cannot come to the party on Friday.", "", id="an apology in a letter"),
        pytest.param("She said: I cannot help you, and left.", "", id="said by somebody"),
        pytest.param("The question: is it worth it? I think so.", "", id="the word"),
        pytest.param("Example: two eggs.\nInstructions: boil them.", "", id="headings"),
        pytest.param("An AI language model is trained on text.", "", id="about models"),
        pytest.param("As an AI language model, I have no feelings.", "says `as an ai language model`", id="of itself"),
        pytest.param("Well, I am just a large language model.", "says `i am just a large language model`", id="later"),
        pytest.param(
            "I’m sorry, but I can’t help with that.", "refuses: `i'm sorry, but i can't help`", id="a refusal"
        ),
        pytest.param("  I cannot assist you.", "refuses: `i cannot assist`", id="a short refusal"),
        pytest.param(
            "Unfortunately, I am unable to provide it.",
            "refuses: `unfortunately, i am unable to provide`",
            id="with regret",
        ),
        pytest.param("Four.<|im_end|>", "holds `<|im_end|>`", id="a template's token"),
        pytest.param("[INST] Add two and two [/INST]", "holds `[inst]`", id="another's"),
        pytest.param("<think>\nLet me see\n</think> Four", "holds `<think>`", id="thoughts"),
        pytest.param("Four\nQuestion: What is 3 + 3?", "holds the label `question:`", id="the next question"),
        pytest.param("**Response:** Four", "holds the label `response:`", id="a label in bold"),
        pytest.param("Seed example 1: What is it?", "holds `seed example 1:`", id="a seed example's label"),
        pytest.param('```json\n{"question": "a"}\n```', 'holds ````json {"question"`', id="JSON in a fence"),
        pytest.param('{"response": "b"}', 'holds `{"response":`', id="JSON in JSON"),
    ],
)
def test_leftovers(text: str, told: str) -> None:
    assert Leftovers([]).find("fine", text).replace("\n", " ") == told


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I have no feelings.",
        "I cannot help with that.",
        "It ends with <|im_end|>",
        "Answer: 4",
    ],
)
def test_what_the_leaf_holds_is_none(text: str) -> None:
    assert Leftovers(["Be polite.", text]).find(text) == ""


def test_another_than_the_leaf_holds_is_one() -> None:
    assert Leftovers(["Answer: 4"]).find("Answer: 5\nQuestion: 6") == "holds the label `question:`"


def test_prompts_own_words_are_left_over() -> None:
    prompt = (files("taxonomy_tools.generate") / "prompts" / "freeform-skill.system.txt").read_text(encoding="utf-8")
    told = "repeats the prompt: `you write training data that t… to a language model you are`"
    line = prompt.splitlines()[0]
    assert (
        Leftovers([]).find(line)[: len("repeats the prompt: `you write")]
        == told[: len("repeats the prompt: `you write")]
    )
    assert Leftovers([line]).find(line) == ""
    assert Leftovers([]).find(" ".join(line.split()[:9])) == ""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("i'm sorry, " * 100_000, id="sorry"),
        pytest.param(" " * 1_000_000, id="spaces"),
        pytest.param("\n" * 1_000_000, id="lines"),
        pytest.param("*_#" * 300_000, id="marks"),
        pytest.param("as an ai " * 100_000, id="of itself"),
        pytest.param("```json " * 100_000, id="fences"),
        pytest.param("question" * 100_000, id="labels"),
    ],
)
def test_time_is_bounded(text: str) -> None:
    start = process_time()
    Leftovers([]).find(text)
    assert process_time() - start < 2
