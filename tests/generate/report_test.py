"""`report.md`: what a reviewer reads of a run, with nothing alive in it that a leaf or a model wrote."""

import json
import re
import statistics
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.generate.inputs import Origin, Wanted, write
from taxonomy_tools.generate.prompting import Passage
from taxonomy_tools.generate.report import Distribution
from taxonomy_tools.generate.request import Answer, Request
from taxonomy_tools.generate.run import Budget, Run
from taxonomy_tools.generate.store import STORE_FILE, Store
from taxonomy_tools.generate.writers import write_run
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, QuestionAnswer, SeedExample
from tests.generate.runs import JUDGED, LEAVES, ORIGIN, SETTINGS, Reply, finished, good, leaf, said, words

ROSES = LeafNode(
    path="compositional_skills/grounded/roses",
    kind=LeafKind.GROUNDED_SKILL,
    blob="a" * 40,
    commit="",
    description="To tell colours",
    domain="",
    created_by="ada",
    seed_examples=(
        SeedExample(pairs=(QuestionAnswer(question="Which is red?", answer="The rose."),), context="A rose, a fern."),
    ),
)
SAMPLE = {
    "context": "Of the four boats in the harbour two are blue.\nOne is white.",
    "question": "How many boats are blue?",
    "response": "Two of the four.",
}


def written(folder: Path, reply: Reply | None = good, **options: Any) -> str:
    """The report of a run, without the run's name."""
    with finished(folder, reply, **options) as (run, store):
        write_run(run, store, formats=[])
        text = (run.inputs.folder / "report.md").read_bytes().decode("utf-8")
        return text.replace(run.inputs.name, "NAME")


def test_report(tmp_path: Path) -> None:
    def reply(request: Request) -> Answer:
        due = json.loads(request.format)["properties"]
        return said({"reason": "well *put*", "score": 5} if "score" in due else SAMPLE)

    found = written(
        tmp_path / "out",
        reply,
        leaves=[Wanted(leaf=ROSES, samples=2)],
        settings=replace(JUDGED, max_attempts=1),
    )
    assert found == (
        """\
# Samples of <code>tiny&#58;1b</code>

**1 of 2 samples kept**, from 2 answers (50%), of 1 leaf. The run <code>NAME</code> ended: done.

Leaves of <code>the working tree</code> that differ from <code>upstream/main</code> (<code>ccccccc</code>). \
Model <code>sha256&#58;1</code>, context 8,192, temperature 0.7. Judged by <code>judge</code>. \
Tokens: 150 of prompts, 60 of answers.

| leaf | kind | wanted | kept | answers | rejected | novelty | words |
|---|---|--:|--:|--:|---|--:|--:|
| <code>compositional_skills/grounded/roses</code> | grounded skill | 2 | **1** (attempts used up) | 2 | 1 near-copy \
| 0.87 | 5 / 4 |

Novelty and words of question and response are medians of what was kept.

## Why answers were not kept

| reason | answers | share |
|---|--:|--:|
| near-copy | 1 | 50% |

`rejected.jsonl` has each of them with its reason.

## Novelty

One less the likeness (ROUGE-L) to the seed example that a sample is most like. Median 0.87, from 0.87 to 0.87.

| novelty | samples | |
|---|--:|---|
| 0.8 to 0.9 | 1 | ██████████████████████████████ |

## Lengths

| words | least | median | mean | 9 of 10 | most |
|---|--:|--:|--:|--:|--:|
| question | 5 | 5 | 5.0 | 5 | 5 |
| response | 4 | 4 | 4.0 | 4 | 4 |

## Leaf by leaf

The best and the worst samples by what the judge says, then by novelty and support in the context, \
each beside the seed examples that its prompt showed. `samples.jsonl` has all of them.

<details><summary><code>compositional_skills/grounded/roses</code>: 1 of 2 kept (attempts used up)</summary>

- rejected as near-copy: <code>1.00</code> like accepted sample 1

**Best**

<table>
<tr><th>seed examples</th><th>sample</th></tr>
<tr valign="top"><td><em>seed example 1</em><br><strong>context</strong> A rose, a fern&#46;<br>\
<strong>question</strong> Which is red&#63;<br><strong>answer</strong> The rose&#46;</td>\
<td><em>index 0, novelty 0.87, judge 1.00</em><br>\
<strong>context</strong> Of the four boats in the harbour two are blue&#46;<br>One is white&#46;<br>\
<strong>question</strong> How many boats are blue&#63;<br><strong>response</strong> Two of the four&#46;<br>\
<strong>the judge</strong> well <code>&#42;put&#42;</code></td></tr>
</table>

</details>

"""
    )


def test_best_and_worst_are_apart(tmp_path: Path) -> None:
    found = written(tmp_path / "out", leaves=[replace(LEAVES[1], samples=9)])
    best, worst = (
        [float(novelty) for novelty in re.findall(r"novelty (0\.\d\d)", part)]
        for part in found.split("**Best**")[1].split("**Worst**")
    )
    assert (len(best), len(worst)) == (2, 2)
    assert [*best, *worst] == sorted([*best, *worst], reverse=True)
    assert len(set(re.findall(r"index (\d+)", found))) == 4


def test_knowledge_shows_the_passage_of_a_document(tmp_path: Path) -> None:
    passages = tuple(Passage(text=words(f"part {part}", 60), origin=f"docs/a_b.md, part {part}") for part in range(9))
    birds = replace(LEAVES[2], passages=passages, samples=6)
    found = written(tmp_path / "out", leaves=[birds])
    pieces = found.split("<strong>passage</strong>")[1:]
    assert pieces
    for piece in pieces:
        part = re.match(r" <code>docs/a_b\.md,</code> part (\d): (.{50})", piece.replace("&#58;", ":"))
        assert part is not None
        assert words(f"part {part[1]}", 60).startswith(part[2])


def test_more_pairs_are_counted(tmp_path: Path) -> None:
    base = LEAVES[2].leaf
    pairs = tuple(QuestionAnswer(question=f"What is {number}?", answer=f"It is {number}.") for number in range(5))
    many = replace(base, seed_examples=tuple(replace(seed, pairs=pairs) for seed in base.seed_examples))
    found = written(tmp_path / "out", leaves=[Wanted(leaf=many, samples=1)])
    assert "<strong>answer</strong> It is 2&#46;<br>and 2 more pairs</td>" in found


def test_run_that_was_stopped(tmp_path: Path) -> None:
    found = written(tmp_path / "out", budget=Budget(tokens=1), leaves=[replace(LEAVES[1], samples=9)], origin=Origin())
    assert (
        "**4 of 9 samples kept**, from 4 answers (100%), of 1 leaf. The run <code>NAME</code> ended: token limit."
        in found
    )
    assert "| 9 | **4** (token limit) | 4 |" in found
    assert "\nModel <code>sha256&#58;1</code>, context 8,192" in found


def test_run_of_which_nothing_came(tmp_path: Path) -> None:
    found = written(
        tmp_path / "out", None, leaves=[replace(LEAVES[1], samples=2)], origin=replace(ORIGIN, base="", start="")
    )
    assert found == (
        """\
# Samples of <code>tiny&#58;1b</code>

**0 of 2 samples kept**, from 0 answers, of 1 leaf. The run <code>NAME</code> ended: done.

Leaves of <code>the working tree</code>. Model <code>sha256&#58;1</code>, context 8,192, temperature 0.7. \
Tokens: 0 of prompts, 0 of answers.

| leaf | kind | wanted | kept | answers | rejected | novelty | words |
|---|---|--:|--:|--:|---|--:|--:|
| <code>compositional_skills/rhymes</code> | freeform skill | 2 | **0** (not asked) | 0 |  |  |  |

Novelty and words of question and response are medians of what was kept.

"""
    )


def test_answers_that_wait_for_judgement_are_counted(tmp_path: Path) -> None:
    leaves = [replace(LEAVES[1], samples=9)]
    with finished(tmp_path / "out", settings=JUDGED, budget=Budget(tokens=1), leaves=leaves) as (run, store):
        write_run(run, store, formats=[])
        pending = run.tallies[0].pending
        text = (run.inputs.folder / "report.md").read_text("utf-8")
    assert pending
    assert f"| not judged yet | {pending} | " in text


HOSTILE = (
    "</td></table></details><script>alert(1)</script>\n\n# @ada #1 [x](http://e.vil) `a` ![i](j) | **b** \x1b[31m\u202e"
)


def test_nothing_in_it_is_alive(tmp_path: Path) -> None:
    seeds = (SeedExample(pairs=(QuestionAnswer(question=f"{HOSTILE}?", answer=HOSTILE),), context=HOSTILE),)
    evil = replace(ROSES, path=f"knowledge/{HOSTILE}", kind=LeafKind.KNOWLEDGE, seed_examples=seeds, domain=HOSTILE)
    turn = iter(range(100))

    def reply(request: Request) -> Answer:
        due = json.loads(request.format)["properties"]
        if "score" in due:
            return said({"reason": HOSTILE.replace("\x1b", ""), "score": 5})
        clean = HOSTILE.replace("\x1b", "")
        number = next(turn)
        return said(
            {"question": f"<b>{number} @bob</b> is what?", "response": f"{clean} {number}"}
            if number % 2
            else {HOSTILE: 1}
        )

    found = written(
        tmp_path / "out",
        reply,
        leaves=[Wanted(leaf=evil, samples=3)],
        settings=replace(JUDGED, model=replace(SETTINGS.model, name=HOSTILE, digest=HOSTILE)),
        origin=Origin(head=HOSTILE, base=HOSTILE, base_commit=HOSTILE, start=HOSTILE),
    )
    tags = {"code", "details", "summary", "table", "tr", "th", "td", "em", "strong", "br", "hr"}
    assert set(re.findall(r"</?(\w+)", found)) <= tags
    assert found.count("<details>") == found.count("</details>") == 1
    assert "\x1b" not in found
    assert "\u202e" not in found
    # What GitHub acts on even without markup stands in <code> alone.
    outside = re.sub(r"<code>.*?</code>", "", found)
    assert not re.search(r"@|#\d|http|\]\(", re.sub(r"&#\d+;", "", outside))
    for block in re.findall(r"<table>.*?</table>", found, re.DOTALL):
        assert "\n\n" not in block


def test_large_report_has_its_end(tmp_path: Path) -> None:
    """GitHub shows no Markdown of more than a megabyte."""
    long = "<word> " * 100
    leaves = [replace(LEAVES[1], leaf=_wordy(f"compositional_skills/s{number:02}", long)) for number in range(30)]

    def reply(request: Request) -> Answer:
        return said({"question": f"What is {words(request.name)}?", "response": words(request.name, 90)})

    found = written(tmp_path / "out", reply, leaves=leaves, settings=replace(SETTINGS, max_attempts=1))
    sections = found.count("<details>")
    assert 0 < sections < 30
    assert len(found.encode()) < 1_000_000
    assert found.endswith(f"{30 - sections} more leaves are left out: the report would be too long.\n")


def test_large_table_has_its_end(tmp_path: Path) -> None:
    leaves = [Wanted(leaf=leaf(f"compositional_skills/s{number:03}"), samples=number % 2) for number in range(520)]
    inputs = write(tmp_path, SETTINGS, ORIGIN, leaves)
    with Store(tmp_path / STORE_FILE) as store, Run(inputs, store) as run:
        write_run(run, store, formats=[])
    found = (inputs.folder / "report.md").read_text("utf-8")
    assert found.count("\n| <code>") == 500
    assert "\n20 more leaves have no row here.\n" in found
    # Those that have what was wanted of them, which is nothing, are the ones without.
    assert found.count("(not asked)") == 260


def _wordy(path: str, text: str) -> LeafNode:
    one = leaf(path)
    return replace(
        one,
        seed_examples=tuple(
            replace(seed, pairs=(QuestionAnswer(question=f"{seed.pairs[0].question} {text}", answer=text),))
            for seed in one.seed_examples
        ),
    )


@given(st.lists(st.integers(0, 1000), min_size=1), st.integers(1, 100))
def test_distribution_is_exact(numbers: list[int], percent: int) -> None:
    distribution, half, other = Distribution(), Distribution(), Distribution()
    for place, number in enumerate(numbers):
        distribution.add(number)
        (half if place % 2 else other).add(number)
    half.merge(other)
    assert half == distribution
    assert distribution.total == len(numbers)
    assert distribution.quantile(0) == min(numbers)
    assert distribution.quantile(100) == max(numbers)
    assert distribution.quantile(50) == statistics.median_low(numbers)
    assert distribution.quantile(percent) == sorted(numbers)[ceil(len(numbers) * percent / 100) - 1]
    assert abs(distribution.mean - statistics.fmean(numbers)) < 1e-9


def test_distribution_of_nothing() -> None:
    assert (Distribution().total, Distribution().mean, Distribution().quantile(50)) == (0, 0.0, 0)
