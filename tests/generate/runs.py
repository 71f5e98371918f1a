"""Runs to write down: leaves of all kinds, and a model that answers well, badly, or as it is told."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.inputs import Inputs, Origin, Wanted, write
from taxonomy_tools.generate.prompting import Passage
from taxonomy_tools.generate.request import Answer, Request
from taxonomy_tools.generate.run import Budget, Run, Watcher
from taxonomy_tools.generate.settings import Model, Settings
from taxonomy_tools.generate.store import STORE_FILE, Store
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, QuestionAnswer, SeedExample
from tests.generate.answers import WORDS, Answering, answer

MODEL = Model(name="tiny:1b", digest="sha256:1", context_length=8192)
JUDGE = Model(name="judge", digest="sha256:2", context_length=4096)
SETTINGS = Settings(model=MODEL)
JUDGED = replace(SETTINGS, judge=JUDGE)
ORIGIN = Origin(head="the working tree", base="upstream/main", base_commit="b" * 40, start="c" * 40)
Reply = Callable[[Request], Answer | TaxonomyError]


def words(seed: str, number: int = 12) -> str:
    """A sentence of words, always the same for the same seed."""
    dice = Random(seed.encode(errors="surrogatepass"))
    return f"{' '.join(dice.choices(WORDS, k=number)).capitalize()}."


def asked(seed: str) -> str:
    """A question of words."""
    return f"{words(f'{seed}?', 7)[:-1]}?"


def leaf(path: str, kind: LeafKind = LeafKind.FREEFORM_SKILL, *, seeds: int = 3) -> LeafNode:
    """A leaf whose seed examples say something else each."""
    pairs = 3 if kind is LeafKind.KNOWLEDGE else 1
    return LeafNode(
        path=path,
        kind=kind,
        blob="a" * 40,
        commit="d" * 40,
        description=f"What {path} is about",
        domain="nature" if kind is LeafKind.KNOWLEDGE else "",
        created_by="ada",
        seed_examples=tuple(
            SeedExample(
                pairs=tuple(
                    QuestionAnswer(
                        question=f"{words(f'{path} {seed} {pair} q', 6)[:-1]}?", answer=words(f"{seed}{pair}")
                    )
                    for pair in range(pairs)
                ),
                context="" if kind is LeafKind.FREEFORM_SKILL else words(f"{path} {seed} context", 60),
            )
            for seed in range(seeds)
        ),
    )


LEAVES = (
    Wanted(leaf=leaf("compositional_skills/grounded/sorting", LeafKind.GROUNDED_SKILL), samples=4),
    Wanted(leaf=leaf("compositional_skills/rhymes"), samples=4),
    Wanted(
        leaf=leaf("knowledge/science/birds", LeafKind.KNOWLEDGE),
        samples=4,
        passages=(Passage(text=words("a document", 60), origin="docs/birds.md, part 1"),),
    ),
)


def good(request: Request) -> Answer:
    """A sample of the due shape, in which the context supports the response; an opinion, where that is asked for."""
    due = json.loads(request.format)["properties"]
    if "score" in due:
        return said(
            {"reason": f"it is {words(request.name, 2)[:-1].lower()}", "score": 3 + int(request.name[:4], 16) % 3}
        )
    known = next(
        (json.loads(line)["passage"] for line in request.messages[-1].content.split("\n") if line[:10] == '{"passage"'),
        words(request.name, 60),
    )
    texts = {
        "context": known,
        "question": asked(request.name),
        "response": " ".join(Random(request.name).sample(known.split(), k=12)),
    }
    return said({key: texts[key] for key in due})


def mixed(request: Request) -> Answer:
    """Of seven answers one is no JSON, and one is cut."""
    number = int(request.name[:8], 16) % 7
    if number == 0:
        return answer("no JSON", prompt_tokens=50, answer_tokens=2)
    return replace(good(request), done_reason="length", server="0.25.1") if number == 1 else good(request)


def said(value: object) -> Answer:
    """An answer that is JSON."""
    return answer(json.dumps(value), prompt_tokens=50, answer_tokens=20)


@contextmanager
def finished(
    folder: Path,
    reply: Reply | None = mixed,
    *,
    leaves: Sequence[Wanted] = LEAVES,
    settings: Settings = SETTINGS,
    origin: Origin = ORIGIN,
    budget: Budget | None = None,
    disorder: int | None = None,
    watchers: Callable[[Inputs], tuple[Watcher, ...]] = lambda _: (),
) -> Iterator[tuple[Run, Store]]:
    """A run in an output folder that has come to its end, and the store with its answers."""
    folder.mkdir(exist_ok=True)
    inputs = write(folder, settings, origin, leaves)
    backend = None if reply is None else Answering(reply, disorder=disorder)
    with Store(folder / STORE_FILE) as store, Run(inputs, store, watchers(inputs), budget=budget) as run:
        asyncio.run(run.go(backend))
        yield run, store
