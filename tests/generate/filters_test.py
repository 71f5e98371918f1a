"""Each reason for which an answer is no sample, their order, and what InstructLab's own leaves lose by them."""

import json
import os
import pickle
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from time import process_time

import pytest
import yaml

from taxonomy_tools.generate.filters import LeafFilter, judged
from taxonomy_tools.generate.request import Answer
from taxonomy_tools.generate.sample import Limits, Reason, Rejection, Sample, Scores
from taxonomy_tools.generate.settings import Model, Settings
from taxonomy_tools.layout import LeafKind, leaf_kind
from taxonomy_tools.leaf import LeafNode, QuestionAnswer, SeedExample
from tests.generate.answers import answer

SETTINGS = Settings(model=Model(name="tiny", digest="sha256:1"))
CONTEXT = "The Mara river rises in the Mau forest of Kenya, and each year herds of wildebeest cross its brown water."
FREEFORM = (
    ("What rhymes with the word sky?", "High and fly both do.", ""),
    ("Which animal says moo all day long?", "That is what a cow says.", ""),
    ("How do I boil an egg?", "Put it into boiling water, and wait for about seven minutes.", ""),
)
GROUNDED = (
    ("Sum it up.", "Herds of wildebeest cross the Mara river of Kenya each year.", CONTEXT),
    (
        "Sum it up.",
        "A lighthouse on the northern cliff was lit again by volunteers.",
        "Volunteers lit the old lighthouse on the northern cliff again last night.",
    ),
)
KNOWLEDGE = (
    ("Where does the Mara rise?", "The Mara river rises in the Mau forest of Kenya.", CONTEXT),
    ("What crosses the water each year?", "Herds of wildebeest do.", CONTEXT),
)


def leaf(kind: LeafKind, pairs: tuple[tuple[str, str, str], ...]) -> LeafNode:
    seeds = tuple(
        SeedExample(pairs=(QuestionAnswer(question=question, answer=response),), context=context)
        for question, response, context in pairs
    )
    return LeafNode(
        path="compositional_skills/a",
        kind=kind,
        blob="1" * 40,
        commit="",
        description="a leaf",
        domain="",
        created_by="somebody",
        seed_examples=seeds,
    )


def freeform(settings: Settings = SETTINGS) -> LeafFilter:
    return LeafFilter(leaf(LeafKind.FREEFORM_SKILL, FREEFORM), settings)


def said(question: str, response: str, context: str | None = None) -> Answer:
    values = {"question": question, "response": response}
    return answer(json.dumps(values if context is None else {"context": context, **values}))


@pytest.mark.parametrize(
    ("given", "reason", "detail"),
    [
        pytest.param(replace(said("a", "b"), done=False), Reason.UNFINISHED, "the server stopped it", id="unfinished"),
        pytest.param(answer("no"), Reason.INVALID, "no JSON: expecting value at character 1", id="invalid"),
        pytest.param(said(" \n", "b"), Reason.EMPTY, "the question is empty", id="white space"),
        pytest.param(said("a", "... !"), Reason.EMPTY, "the response says nothing: `... !`", id="marks alone"),
        pytest.param(
            said("a", "word " * 1501), Reason.TOO_LONG,
            "the response has 1,501 words, and at most 1,500 are let through", id="too many words",
        ),
        pytest.param(
            said("a" * 15_001, "b"), Reason.TOO_LONG,
            "the question has 15,001 characters, and at most 15,000 are let through", id="a word of a book's length",
        ),
        pytest.param(
            said("What rhymes with the word sky?", "High and fly both do."), Reason.NEAR_COPY,
            "1.00 like seed example 1", id="a copy",
        ),
        pytest.param(
            said("What rhymes with the word tree?", "Bee."), Reason.NEAR_COPY,
            "0.83 like the question of seed example 1", id="the question of a seed example",
        ),
        pytest.param(
            said("How do you boil eggs?", "Put them into boiling water, and wait for about seven minutes."),
            Reason.NEAR_COPY, "0.79 like seed example 3", id="nearly a seed example",
        ),
        pytest.param(
            said("Count.", "one two " * 30), Reason.REPEATED, "`one two` 30 times in a row", id="repeated phrases"
        ),
        pytest.param(
            said("Who are you?", "As an AI language model, I am nobody."), Reason.LEFTOVER,
            "says `as an ai language model`", id="leftover",
        ),
        pytest.param(said("Who?", "巴黎是法国的首都"), Reason.SCRIPT, "8 letters are Han", id="another script"),
    ],
)  # fmt: skip
def test_rejected(given: Answer, reason: Reason, detail: str) -> None:
    found = freeform()
    inspection = found.inspect(given)
    assert found.settle(inspection)[0] == Rejection(reason=reason, detail=detail)
    assert inspection.certain
    assert (inspection.early is None) == (reason in (Reason.REPEATED, Reason.LEFTOVER, Reason.SCRIPT))
    assert pickle.loads(pickle.dumps(inspection)) == inspection


def test_sample_is_accepted() -> None:
    found = freeform()
    inspection = found.inspect(said("Name a colour of autumn.", "Red, as the leaves of maples are."))
    assert inspection.sample == Sample(
        question="Name a colour of autumn.", response="Red, as the leaves of maples are."
    )
    assert not inspection.certain
    assert found.settle(inspection) == (None, Scores(likeness_to_seeds=0.087))
    assert found.settle(found.inspect(said("Qui?", "Ω!"))) == (None, Scores(likeness_to_seeds=0.0))


def test_near_copies_of_what_was_kept_come_before_late_reasons() -> None:
    found = freeform()
    first = found.inspect(said("Name three colours of autumn.", "Red, brown and yellow."))
    late = found.inspect(said("Name three colours of autumn.", "Red, brown and yellow.<|im_end|>"))
    assert found.settle(first) == found.settle(first) == (None, first.scores)  # settling keeps nothing
    found.keep(found.inspect(said("Count to three.", "One, two, three.")))
    found.keep(first)
    rejection, scores = found.settle(late)
    assert rejection == Rejection(reason=Reason.NEAR_COPY, detail="1.00 like the question of accepted sample 2")
    assert scores == replace(late.scores, likeness_to_samples=1.0)
    assert late.late == Rejection(reason=Reason.LEFTOVER, detail="holds `<|im_end|>`")
    assert found.settle(first)[0] == Rejection(reason=Reason.NEAR_COPY, detail="1.00 like accepted sample 2")


def test_question_that_the_leaf_asks_again_and_again_is_no_copy() -> None:
    pairs = (("Write a poem.", "Roses are red.", ""), ("Write a poem!", "The sea is wide and cold.", ""))
    found = LeafFilter(leaf(LeafKind.FREEFORM_SKILL, pairs), SETTINGS)
    first = found.inspect(said("Write a poem.", "Snow falls on silent roofs at night."))
    assert found.settle(first)[0] is None
    found.keep(first)
    assert found.settle(found.inspect(said("Write a poem.", "Bees hum over clover in June heat.")))[0] is None


def test_grounded_skill() -> None:
    found = LeafFilter(leaf(LeafKind.GROUNDED_SKILL, GROUNDED), SETTINGS)
    context = "A small bakery in Lyon gives the bread of the day before to students, who pay with an hour of sweeping."
    good = found.inspect(said("Sum it up.", "A Lyon bakery gives students old bread, who sweep an hour.", context))
    assert good.sample is not None
    assert good.sample.context == context
    assert found.settle(good) == (None, Scores(likeness_to_seeds=0.2029, support=0.875))
    wrong = found.inspect(said("Sum it up.", "Whales sing slowly while explorers photograph icebergs.", context))
    assert found.settle(wrong)[0] == Rejection(
        reason=Reason.UNSUPPORTED, detail="0.00 of the response is in the context, and at least 0.30 must be"
    )
    assert found.inspect(said("Sum it up.", "a", "")).early == Rejection(
        reason=Reason.EMPTY, detail="the context is empty"
    )
    copied = found.inspect(said("Tell me more.", "Wildebeest cross it.", CONTEXT))
    assert copied.early is not None
    assert copied.early.reason is Reason.NEAR_COPY


def test_several_questions_on_one_context_are_told_apart() -> None:
    pairs = (
        ("Where does it rise?", "In the Mau forest.", CONTEXT),
        ("Who crosses the water?", "Herds of wildebeest.", CONTEXT),
    )
    found = LeafFilter(leaf(LeafKind.GROUNDED_SKILL, pairs), SETTINGS)
    assert found.settle(found.inspect(said("Which colour has the river?", "Brown.", CONTEXT)))[0] is None


def test_knowledge() -> None:
    found = LeafFilter(leaf(LeafKind.KNOWLEDGE, KNOWLEDGE), SETTINGS)
    good = found.inspect(said("Which colour has it?", "The water of the Mara river is brown."), passage=CONTEXT)
    assert found.settle(good) == (None, Scores(likeness_to_seeds=0.2963))
    assert good.sample is not None
    assert good.sample.context == CONTEXT
    wrong = found.inspect(
        said("Who sings?", "Whales sing slowly while explorers photograph icebergs."), passage=CONTEXT
    )
    assert wrong.late == Rejection(
        reason=Reason.UNSUPPORTED, detail="0.17 of the response is in the context, and at least 0.30 must be"
    )
    assert wrong.scores.support == 0.1667


def test_samples_need_no_more_support_than_seed_examples_have() -> None:
    translated = (
        "Say it in German.",
        "Herden von Gnus überqueren jedes Jahr beim Mau den braunen Mara Fluss.",
        CONTEXT,
    )
    found = LeafFilter(leaf(LeafKind.GROUNDED_SKILL, (translated, *GROUNDED)), SETTINGS)
    context = "A small bakery in Lyon gives the bread of the day before to students, who pay with an hour of sweeping."
    answers = {
        "Eine Bäckerei in Lyon schenkt Studenten altes Brot für eine Stunde Fegen.": None,
        "Wale singen langsam, während Forscher riesige Eisberge fotografieren.": Reason.UNSUPPORTED,
    }
    for response, reason in answers.items():
        late = found.inspect(said("Say it in German.", response, context)).late
        assert (None if late is None else late.reason) is reason


def test_what_seed_examples_show_is_not_held_against_samples() -> None:
    pairs = (("Chant!", "om " * 40, ""), ("What are you?", "As an AI language model, I am 电脑程序软件.", ""))
    found = LeafFilter(leaf(LeafKind.FREEFORM_SKILL, pairs), SETTINGS)
    for response in ("um " * 40, "As an AI language model, I think.", "电脑程序"):
        assert not found.inspect(said("Speak, please.", response)).certain


def test_characters_that_nobody_sees_are_held_against_samples_unless_seed_examples_have_them() -> None:
    pairs = (("Chant it softly!", "om\xadom " * 5, ""),)
    softly, tags = said("Speak, please.", "Speak\xading slowly."), said("Speak, please.", "Slow\U000e0041ly.")
    plain, soft = (LeafFilter(leaf(LeafKind.FREEFORM_SKILL, known), SETTINGS) for known in (FREEFORM, pairs))
    assert plain.inspect(softly).early == Rejection(
        reason=Reason.INVALID, detail="`response` holds the character U+00AD"
    )
    assert not soft.inspect(softly).certain
    for found in (plain, soft):
        assert found.inspect(tags).early == Rejection(
            reason=Reason.INVALID, detail="`response` holds the character U+E0041"
        )


def test_leaf_without_seed_examples_has_nothing_to_compare_with() -> None:
    found = LeafFilter(leaf(LeafKind.FREEFORM_SKILL, ()), SETTINGS)
    assert found.settle(found.inspect(said("a", "b"))) == (None, Scores(likeness_to_seeds=0.0))


def test_limits_are_those_of_the_settings() -> None:
    found = freeform(replace(SETTINGS, limits=Limits(likeness=0.9, question_words=7, response_words=2)))
    assert not found.inspect(said("What rhymes with the word tree?", "Bee.")).certain
    rejection = found.inspect(said("What rhymes with the word tree?", "Bee and sea.")).early
    assert rejection is not None
    assert rejection.reason is Reason.TOO_LONG


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param('{"reason": "Clear.", "score": 5}', (None, 1.0, "Clear."), id="good"),
        pytest.param('{"reason": "Clear.", "score": 4}', (None, 0.75, "Clear."), id="good enough"),
        pytest.param(
            '{"reason": "Wrong.", "score": 3}',
            (Rejection(reason=Reason.JUDGED, detail="0.50, and at least 0.60 must be: Wrong."), 0.5, "Wrong."),
            id="not good enough",
        ),
        pytest.param(
            "{}",
            (
                Rejection(reason=Reason.JUDGED, detail="the judge's answer cannot be read: `reason` is missing"),
                None,
                "",
            ),
            id="unreadable",
        ),
    ],
)
def test_judged(content: str, expected: tuple[Rejection | None, float | None, str]) -> None:
    assert judged(answer(content), SETTINGS) == expected


def test_judge_that_did_not_finish() -> None:
    detail = "the judge's answer is unfinished: cut after 3 tokens"
    given = replace(answer('{"reason": "'), done_reason="length")
    assert judged(given, SETTINGS) == (Rejection(reason=Reason.JUDGED, detail=detail), None, "")


@pytest.mark.parametrize(
    "response",
    [
        pytest.param("a" * 1_000_000, id="one letter"),
        pytest.param("word " * 100_000, id="many words"),
        pytest.param("a" + "\u0301\u0323" * 400_000, id="combining marks"),
        pytest.param("a\u0301" * 20_000, id="marks within the limit"),
        pytest.param("好" * 2_900, id="Chinese within the limit"),
        pytest.param("a b, " * 700, id="a loop within the limit"),
        pytest.param(" ".join(map(str, range(1400))), id="words within the limit"),
        pytest.param("." * 1_000_000, id="full stops"),
        pytest.param("question:\n" * 4_000, id="labels"),
    ],
)
def test_time_is_bounded(response: str) -> None:
    found = freeform()
    found.inspect(said("What is it?", "An owl."))
    start = process_time()
    found.inspect(answer(json.dumps({"question": "Who?", "response": response}, ensure_ascii=False)))
    assert process_time() - start < 3


def test_many_samples_of_a_leaf_take_little_room() -> None:
    import tracemalloc

    dice, found = Random(0), freeform()
    inspected = (
        found.inspect(said(" ".join(words[:12]), " ".join(words[12:])))
        for words in ([f"w{int(30_000 ** dice.random())}" for _ in range(50)] for _ in range(2_000))
    )
    kept = list(inspected)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for inspection in kept:
        found.keep(inspection)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (after - before) / len(kept) < 3_500  # bytes, of which words are most: 20,000 samples take 23 MB


def corpus() -> Iterator[LeafNode]:
    """InstructLab's own leaves, with a pair a seed example, so that each can be judged by all others."""
    for path in sorted((Path(os.environ["TAXONOMY_CORPUS"]) / "tree").rglob("qna.yaml")):
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (ValueError, yaml.YAMLError):
            continue
        seeds = data.get("seed_examples") if isinstance(data, dict) else None
        pairs = tuple(
            (pair["question"], pair["answer"], seed.get("context") or "")
            for seed in seeds or ()
            for pair in seed.get("questions_and_answers") or [seed]
            if isinstance(pair.get("question"), str) and isinstance(pair.get("answer"), str)
        )
        name = path.parent.relative_to(Path(os.environ["TAXONOMY_CORPUS"]) / "tree").as_posix()
        yield leaf(leaf_kind(name, data), pairs)


@pytest.mark.skipif("TAXONOMY_CORPUS" not in os.environ, reason="TAXONOMY_CORPUS names no corpus")
def test_real_seed_examples_would_pass() -> None:
    settings = replace(
        SETTINGS, limits=Limits(likeness=1.1, question_words=10**5, response_words=10**5, context_words=10**5)
    )
    judged_pairs: Counter[LeafKind] = Counter()
    rejected: Counter[tuple[LeafKind, Reason]] = Counter()
    for whole in list(corpus())[::8]:
        for place, seed in enumerate(whole.seed_examples[:5]):
            others = whole.seed_examples[:place] + whole.seed_examples[place + 1 :]
            (pair,) = seed.pairs
            context = seed.context if whole.kind is LeafKind.GROUNDED_SKILL else None
            if not others or context == "":
                continue
            found = LeafFilter(replace(whole, seed_examples=others), settings)
            inspection = found.inspect(said(pair.question, pair.answer, context), passage=seed.context)
            judged_pairs[whole.kind] += 1
            if inspection.late is not None:
                rejected[whole.kind, inspection.late.reason] += 1
    assert judged_pairs.total() > 200
    for (kind, reason), count in rejected.items():
        assert count <= max(2, 0.02 * judged_pairs[kind]), (
            f"{reason.value} rejects {count} of {judged_pairs[kind]} {kind.value}"
        )
