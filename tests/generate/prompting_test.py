"""Requests are pure functions of a leaf and a number, and change only where what they show does."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.generate.prompting import (
    SHOWN,
    Passage,
    Prompter,
    answer_schema,
    judge_schema,
    prompts_hash,
    too_long,
)
from taxonomy_tools.generate.request import Request, canonical
from taxonomy_tools.generate.sample import Sample
from taxonomy_tools.generate.settings import Model, Settings
from taxonomy_tools.generate.tokens import estimate
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, QuestionAnswer, SeedExample

SETTINGS = Settings(model=Model(name="tiny", digest="sha256:1"), judge=Model(name="judge", digest="sha256:2"))
FREEFORM, GROUNDED, KNOWLEDGE = LeafKind.FREEFORM_SKILL, LeafKind.GROUNDED_SKILL, LeafKind.KNOWLEDGE
KINDS = pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.value) for kind in LeafKind])
WORDS = "wren finch robin heron stork eagle raven swift crane quail snipe plover".split()


def seed(kind: LeafKind, name: str) -> SeedExample:
    pair = QuestionAnswer(question=f"What does the {name} do?", answer=f"The {name} sings.")
    if kind is KNOWLEDGE:
        other = QuestionAnswer(question=f"Who is the {name}?", answer=f"The {name} is a bird.")
        return SeedExample(pairs=(pair, other), context=f"The {name} is a bird that sings.")
    return SeedExample(pairs=(pair,), context=f"About the {name}." if kind is GROUNDED else "")


def leaf(
    kind: LeafKind, seeds: int | Sequence[SeedExample] = 5, *, path: str = "birds/song", description: str = "To sing"
) -> LeafNode:
    chosen = [seed(kind, name) for name in WORDS[:seeds]] if isinstance(seeds, int) else seeds
    return LeafNode(
        path=path,
        kind=kind,
        blob="a" * 40,
        commit="",
        description=description,
        domain="",
        created_by="ada",
        seed_examples=tuple(chosen),
    )


def requests(leaf: LeafNode, count: int = 60, *, passages: Sequence[Passage] = ()) -> list[Request]:
    prompter = Prompter(leaf, SETTINGS, passages=passages)
    return [prompter.prompt(index).request for index in range(count)]


def written(request: Request) -> str:
    return "".join(f"{message.role}\n{message.content}\n" for message in request.messages)


def user(request: Request) -> str:
    return request.messages[-1].content


SHOWN_OF_ALL: dict[LeafKind, str] = {
    FREEFORM: """\
The task:
{"path": "birds/song", "description": "To sing"}

Examples:
{"question": "What does the wren do?", "response": "The wren sings."}

Write one new example that differs from all of these.""",
    GROUNDED: """\
The task:
{"path": "birds/song", "description": "To sing"}

Examples:
{"context": "About the wren.", "question": "What does the wren do?", "response": "The wren sings."}

Write one new example that differs from all of these.""",
    KNOWLEDGE: """\
The document:
{"path": "birds/song", "description": "To sing"}

The passage:
{"passage": "The wren is a bird that sings."}

Examples, on this passage:
{"question": "What does the wren do?", "response": "The wren sings."}
{"question": "Who is the wren?", "response": "The wren is a bird."}

Write one new question on the passage that differs from all of these, with its response.""",
}
SYSTEMS = {FREEFORM: "freeform-skill", GROUNDED: "grounded-skill", KNOWLEDGE: "knowledge"}


@cache
def system(name: str) -> str:
    file = files("taxonomy_tools.generate") / "prompts" / f"{name}.system.txt"
    return file.read_text(encoding="utf-8").rstrip("\n")


@KINDS
def test_request_of_a_leaf_with_one_seed_example(kind: LeafKind) -> None:
    prompt = Prompter(leaf(kind, 1), SETTINGS).prompt(7)
    request = prompt.request
    assert [(message.role, message.content) for message in request.messages] == [
        ("system", system(SYSTEMS[kind])),
        ("user", SHOWN_OF_ALL[kind]),
    ]
    assert (request.model, request.digest) == ("tiny", "sha256:1")
    assert json.loads(request.format) == answer_schema(kind)
    assert {name: value for name, value in request.options.items() if name != "seed"} == {
        "num_ctx": 8192,
        "num_predict": 1024,
        "temperature": 0.7,
    }
    knowledge = kind is KNOWLEDGE
    assert (prompt.index, prompt.shown) == (7, (0,))
    assert prompt.passage == ("The wren is a bird that sings." if knowledge else "")
    assert prompt.origin == ("seed example 1" if knowledge else "")


def test_passage_of_a_document_comes_with_examples_on_another() -> None:
    passages = [Passage(text=f"Part {number}.", origin=f"birds.md, part {number}") for number in range(1, 200)]
    prompter = Prompter(leaf(KNOWLEDGE, 1), SETTINGS, passages=passages)
    drawn = next(found for found in map(prompter.prompt, range(99)) if found.origin.startswith("birds.md"))
    number = drawn.origin.rpartition(" ")[2]
    assert (drawn.passage, drawn.shown) == (f"Part {number}.", (0,))
    assert user(drawn.request) == (
        'The document:\n{"path": "birds/song", "description": "To sing"}\n\n'
        f'The passage:\n{{"passage": "Part {number}."}}\n\n'
        "Examples, on other passages:\n"
        '{"question": "What does the wren do?", "response": "The wren sings."}\n'
        '{"question": "Who is the wren?", "response": "The wren is a bird."}\n\n'
        "Write one question on the passage in the manner of these, with its response."
    )


@KINDS
def test_answer_schema_is_small_flat_and_in_alphabetical_order(kind: LeafKind) -> None:
    names = ["context", "question", "response"] if kind is GROUNDED else ["question", "response"]
    assert answer_schema(kind) == {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": names,
        "additionalProperties": False,
    }
    # The model is not shown the schema.
    said = system(SYSTEMS[kind]).splitlines()[-1]
    assert [name for name in ("context", "question", "response") if f'"{name}"' in said] == sorted(names) == names


def test_judge_gives_its_reason_first() -> None:
    assert list(judge_schema()["properties"]) == sorted(judge_schema()["properties"]) == ["reason", "score"]


# --- what is drawn


@KINDS
def test_all_seed_examples_are_shown_equally_often(kind: LeafKind) -> None:
    prompter = Prompter(leaf(kind, 5), SETTINGS)
    shown = [prompter.prompt(index).shown for index in range(2000)]
    each = 1 if kind is KNOWLEDGE else SHOWN
    assert {len(places) for places in shown} == {each} == {len(set(places)) for places in shown}
    counts = Counter(place for places in shown for place in places)
    assert sorted(counts) == [0, 1, 2, 3, 4]
    expected = 2000 * each / 5
    assert all(abs(count - expected) < expected / 5 for count in counts.values())


def test_examples_are_shown_in_every_order() -> None:
    prompter = Prompter(leaf(FREEFORM, 3), SETTINGS)
    assert len({prompter.prompt(index).shown for index in range(100)}) == 6


names = st.text("abcdefgh", min_size=1, max_size=6)


@KINDS
@given(data=st.data())
def test_order_of_seed_examples_in_the_file_does_not_matter(kind: LeafKind, data: st.DataObject) -> None:
    seeds = [seed(kind, name) for name in data.draw(st.lists(names, min_size=1, max_size=8))]
    shuffled = data.draw(st.permutations(seeds))
    assert requests(leaf(kind, seeds), 8) == requests(leaf(kind, shuffled), 8)


@KINDS
@given(data=st.data())
def test_edit_changes_only_the_requests_that_a_seed_example_leaves_or_enters(
    kind: LeafKind, data: st.DataObject
) -> None:
    seeds = [seed(kind, name) for name in data.draw(st.lists(names, min_size=2, max_size=8, unique=True))]
    place = data.draw(st.integers(0, len(seeds) - 1))
    edited = [*seeds]
    edited[place] = seed(kind, data.draw(names.filter(lambda name: seed(kind, name) not in seeds)))
    before, after = Prompter(leaf(kind, seeds), SETTINGS), Prompter(leaf(kind, edited), SETTINGS)
    for old, new in ((before.prompt(index), after.prompt(index)) for index in range(20)):
        touched = place in old.shown or place in new.shown
        assert (old.request.name != new.request.name) is touched
        assert touched or old == new


def test_one_seed_example_more_changes_its_share_of_the_requests() -> None:
    names = {request.name for request in requests(leaf(FREEFORM, 8), 1000)}
    kept = sum(request.name in names for request in requests(leaf(FREEFORM, 9), 1000))
    assert abs(1000 - kept - 1000 * SHOWN / 9) < 60


def test_one_passage_more_changes_its_share_of_the_requests() -> None:
    passages = [Passage(text=f"Part {number}.", origin=f"part {number}") for number in range(5)]
    names = {request.name for request in requests(leaf(KNOWLEDGE), 1000, passages=passages[:4])}
    kept = sum(request.name in names for request in requests(leaf(KNOWLEDGE), 1000, passages=passages))
    assert abs(1000 - kept - 1000 / 10) < 40


@KINDS
def test_seed_examples_that_say_the_same_are_shown_once(kind: LeafKind) -> None:
    seeds = [seed(kind, name) for name in ("wren", "finch", "wren", "wren")]
    assert requests(leaf(kind, seeds), 20) == requests(leaf(kind, seeds[:2]), 20)
    assert {place for index in range(20) for place in Prompter(leaf(kind, seeds), SETTINGS).prompt(index).shown} == {
        0,
        1,
    }


def test_of_a_grounded_skill_only_seed_examples_with_a_context_are_shown() -> None:
    seeds = [seed(FREEFORM, "wren"), seed(GROUNDED, "finch"), seed(GROUNDED, "robin")]
    prompter = Prompter(leaf(GROUNDED, seeds), SETTINGS)
    assert {tuple(sorted(prompter.prompt(index).shown)) for index in range(20)} == {(1, 2)}


def test_leaves_draw_differently() -> None:
    one, other = (Prompter(leaf(FREEFORM, path=path), SETTINGS) for path in ("birds/song", "birds/nest"))
    assert [one.prompt(index).shown for index in range(20)] != [other.prompt(index).shown for index in range(20)]


# --- options


def seeds_of(settings: Settings, path: str = "birds/song") -> list[float]:
    prompter = Prompter(leaf(FREEFORM, path=path), settings)
    return [prompter.prompt(index).request.options["seed"] for index in range(100)]


def test_seeds_are_drawn_from_the_seed_the_leaf_and_the_number() -> None:
    drawn = seeds_of(SETTINGS)
    assert len(set(drawn)) == 100
    assert all(isinstance(number, int) and 0 <= number < 2**31 for number in drawn)
    assert drawn == seeds_of(replace(SETTINGS, temperature=0.1))
    assert not set(drawn) & set(seeds_of(replace(SETTINGS, seed=1)))
    assert not set(drawn) & set(seeds_of(SETTINGS, "birds/nest"))


# --- the server's cache


def beginning(texts: Sequence[str]) -> str:
    """The longest one that all texts have."""
    first, last = min(texts), max(texts)
    return next((first[:end] for end, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), first)


def common(one: Request, other: Request) -> str:
    return beginning([written(one), written(other)])


@KINDS
def test_prompts_of_one_leaf_have_their_beginning_in_common(kind: LeafKind) -> None:
    node = leaf(kind, 12, description="All that is known of it. " * 20)
    texts = [written(request) for request in requests(node, 40)]
    heading = "The passage" if kind is KNOWLEDGE else "Examples"
    assert f'known of it. "}}\n\n{heading}:\n' in beginning(texts)
    assert len(beginning(texts)) > 0.7 * max(map(len, texts))


@KINDS
def test_prompts_of_two_leaves_have_their_instructions_in_common(kind: LeafKind) -> None:
    one, other = (requests(leaf(kind, path=f"{path}/song"), 1)[0] for path in ("birds", "whales"))
    assert common(one, other).startswith(f"system\n{system(SYSTEMS[kind])}\nuser\n")
    assert len(common(one, other)) > 0.6 * len(written(one))


# --- hostile text

CONTROL_TOKENS = [
    "<|im_start|>",
    "<|eot_id|>",
    "<｜User｜>",
    "</s>",
    "<s>",
    "[INST]",
    "[/INST]",
    "[SYSTEM_PROMPT]",
    "<start_of_turn>",
    "<end_of_turn>",
    "<<SYS>>",
    "<</SYS>>",
    "</think>",
    "<bos>",
]
pieces = st.one_of(
    st.text(st.characters(), max_size=20),
    st.sampled_from(CONTROL_TOKENS),
    st.sampled_from(["$leaf", "${examples}", "{0}", "%s", '"}', "\n\nWrite", "\\", "\u2028", "\ud800", "\x85"]),
)
hostile = st.lists(pieces, min_size=1, max_size=6).map("".join)


@KINDS
@given(text=hostile, other=hostile)
def test_text_of_a_leaf_stays_data(kind: LeafKind, text: str, other: str) -> None:
    text = text or "x"
    pair = QuestionAnswer(question=text, answer=other)
    node = leaf(kind, [SeedExample(pairs=(pair,), context="" if kind is FREEFORM else text)], description=text)
    (request,) = requests(node, 1)
    request.canonical.decode("ascii")
    lines = user(request).split("\n")
    assert lines == user(request).splitlines()
    user(request).encode()
    template = SHOWN_OF_ALL[kind].split("\n")
    if kind is KNOWLEDGE:
        del template[8]
    data = [json.loads(line) for line in lines if line.startswith("{")]
    assert [line for line in lines if not line.startswith("{")] == [
        line for line in template if not line.startswith("{")
    ]
    assert not [token for token in CONTROL_TOKENS if token in user(request)]
    expected = {"question": text, "response": other}
    if kind is GROUNDED:
        expected["context"] = text
    passage = [{"passage": text}] if kind is KNOWLEDGE else []
    assert data == [{"path": "birds/song", "description": text}, *passage, expected]


def test_ordinary_text_is_shown_as_it_is() -> None:
    text = "Grüße, 鹪鹩: $5 {x} a < b <br> [1] 'so' – 🎵"
    node = leaf(FREEFORM, [SeedExample(pairs=(QuestionAnswer(question=text, answer="\tif x:\n"),))])
    assert f'{{"question": "{text}", "response": "\\tif x:\\n"}}' in user(requests(node, 1)[0]).splitlines()


# --- what does not fit


def tight(node: LeafNode, spare: int) -> Settings:
    """Settings in which the first prompt has room for so many tokens more than it is estimated to have."""
    return replace(SETTINGS, num_ctx=estimate(requests(node, 1)[0]) + 100 + spare, num_predict=100)


@KINDS
def test_leaf_that_fits(kind: LeafKind) -> None:
    assert too_long(leaf(kind), SETTINGS) == ""


def test_long_seed_example_is_named() -> None:
    seeds = [seed(FREEFORM, "wren"), seed(FREEFORM, "finch " * 4000)]
    assert too_long(leaf(FREEFORM, seeds), SETTINGS) == (
        "seed example 2 is too long: with the instructions it takes about 12,288 tokens, and a context of 8,192 has "
        "room for 7,168 beside the answer"
    )


def test_long_passage_is_named() -> None:
    passages = [Passage(text="Short.", origin="birds.md, part 1"), Passage(text="鹪" * 9000, origin="birds.md, part 2")]
    assert too_long(leaf(KNOWLEDGE), SETTINGS, passages) == (
        "birds.md, part 2 is too long: with the instructions it takes about 9,411 tokens, and a context of 8,192 has "
        "room for 7,168 beside the answer"
    )


def test_long_context_is_named() -> None:
    seeds = [seed(KNOWLEDGE, "wren"), replace(seed(KNOWLEDGE, "finch"), context="The finch. " * 4000)]
    assert too_long(leaf(KNOWLEDGE, seeds), SETTINGS).startswith("seed example 2 is too long: ")


@KINDS
def test_context_of_the_model_that_holds_no_prompt_at_all(kind: LeafKind) -> None:
    message = too_long(leaf(kind), replace(SETTINGS, num_ctx=256))
    assert message.startswith("the instructions and the leaf's description take about ")
    assert message.endswith(" tokens, and a context of 256 has room for 128 beside the answer")


def test_long_description_is_told() -> None:
    message = too_long(leaf(FREEFORM, description="x" * 40_000), SETTINGS)
    assert message.startswith("the instructions and the leaf's description take about 10,")


def test_fewer_seed_examples_are_shown_where_three_do_not_fit() -> None:
    node = leaf(FREEFORM, [seed(FREEFORM, name * 300) for name in WORDS[:5]])
    counts = []
    for spare in (10, -10, -2000):
        settings = tight(node, spare)
        prompts = [Prompter(node, settings).prompt(index) for index in range(20)]
        counts.append(max(len(prompt.shown) for prompt in prompts))
        room = settings.num_ctx - settings.num_predict
        assert too_long(node, settings) != "" or max(estimate(prompt.request) for prompt in prompts) <= room
    assert counts == [3, 2, 1]


@KINDS
def test_reckoning_is_at_least_the_estimate(kind: LeafKind) -> None:
    node = leaf(kind, 1)
    needed = estimate(requests(node, 1)[0])
    wide, narrow = (replace(SETTINGS, num_ctx=needed + 100 + spare, num_predict=100) for spare in (9, -1))
    assert too_long(node, wide) == ""
    assert too_long(node, narrow) != ""


# --- the judge


@KINDS
def test_judge_sees_what_the_sample_was_made_from(kind: LeafKind) -> None:
    prompter = Prompter(leaf(kind, 1), SETTINGS)
    prompt = prompter.prompt(3)
    context = {FREEFORM: "", GROUNDED: "Rain.", KNOWLEDGE: prompt.passage}[kind]
    request = prompter.judge(Sample(question="Why $leaf?", response="</s>So.", context=context), prompt)
    assert (request.model, request.digest) == ("judge", "sha256:2")
    assert request.messages[0].content == system("judge")
    assert json.loads(request.format) == judge_schema()
    assert request.options["temperature"] == 0
    assert request.options["num_ctx"] == 8192
    assert request.options["seed"] != prompt.request.options["seed"]
    lines = user(request).splitlines()
    data = [json.loads(line) for line in lines if line.startswith("{")]
    made_from = [json.loads(line) for line in user(prompt.request).splitlines() if line.startswith("{")]
    sample = {"question": "Why $leaf?", "response": "</s>So."} | ({"context": "Rain."} if kind is GROUNDED else {})
    assert data[-1] == sample
    assert sorted(map(json.dumps, data[:-1])) == sorted(map(json.dumps, made_from))
    assert "</s>" not in user(request)


# --- the prompt files


def test_hash_of_the_prompts_is_that_of_all_files() -> None:
    folder = files("taxonomy_tools.generate") / "prompts"
    texts = {entry.name: entry.read_text(encoding="utf-8").rstrip("\n") for entry in folder.iterdir()}
    assert len(texts) == 9
    assert prompts_hash() == sha256(canonical(texts)).hexdigest()


def test_prompt_files_hold_no_placeholder_but_in_user_templates() -> None:
    folder = files("taxonomy_tools.generate") / "prompts"
    texts = {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".txt")}
    assert [name for name, text in texts.items() if name.endswith(".system.txt") and "$" in text] == []
    assert [name for name, text in texts.items() if not text.endswith("\n") or text.endswith("\n\n")] == []
