"""A dry run shows every request of the first round, and what is known of it."""

from pathlib import Path

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.inputs import Wanted
from taxonomy_tools.generate.preview import preview
from taxonomy_tools.generate.prompting import Passage, Prompter
from taxonomy_tools.generate.settings import Model, Settings
from taxonomy_tools.generate.store import STORE_FILE, Rate, Store
from taxonomy_tools.generate.tokens import estimate
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, QuestionAnswer, SeedExample
from tests.generate.answers import answer

SETTINGS = Settings(model=Model(name="tiny", digest="sha256:1"))


def leaf(path: str = "compositional_skills/a", kind: LeafKind = LeafKind.FREEFORM_SKILL) -> LeafNode:
    context = "Birds sing." if kind is LeafKind.KNOWLEDGE else ""
    pair = QuestionAnswer(question="What \x1b[2J is it?", answer="It is that, " + "and so on " * 5)
    return LeafNode(
        path=path,
        kind=kind,
        blob="",
        commit="",
        description="To say what it is",
        domain="",
        created_by="",
        seed_examples=(SeedExample(pairs=(pair,), context=context),),
    )


def test_each_request_with_its_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = Wanted(leaf=leaf(), samples=2)
    preview([wanted], SETTINGS, tmp_path / "none", print)
    prompts = [Prompter(wanted.leaf, SETTINGS).prompt(index) for index in range(2)]
    system, user = (prompts[0].request.messages[place].content for place in (0, 1))
    shown = {
        name: "".join(f"      {line}".rstrip() + "\n" for line in text.split("\n"))
        for name, text in (("system", system), ("user", user))
    }
    heads = [
        f"\n  {number}. {prompt.request.name[:12]}  not asked  "
        f"about {estimate(prompt.request)} tokens  seed example 1\n"
        for number, prompt in enumerate(prompts, start=1)
    ]
    tokens = sum(estimate(prompt.request) for prompt in prompts)
    assert capsys.readouterr().out == (
        "compositional_skills/a  freeform skill, 2 samples\n"
        f"{heads[0]}    system:\n{shown['system']}    user:\n{shown['user']}"
        f"{heads[1]}    system: as for compositional_skills/a\n    user:\n{shown['user']}"
        f"\n2 requests in the first round; they take about {tokens} tokens of prompts and 40 of answers.\n"
        "Each sample may cost 3 requests: those that are rejected come again.\n"
        "How long that takes is not known: `tiny` was not asked yet.\n"
    )
    assert not (tmp_path / "none").exists()


def test_what_is_answered_and_how_long_the_rest_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = Wanted(leaf=leaf("knowledge/birds", LeafKind.KNOWLEDGE), samples=3)
    request = Prompter(wanted.leaf, SETTINGS).prompt(1).request
    with Store(tmp_path / STORE_FILE) as store:
        store.put(request, answer())
        store.note_rate("sha256:1", Rate(answers=10, tokens=500, seconds=36_000))
    preview([wanted], SETTINGS, tmp_path, print)
    out = capsys.readouterr().out
    assert [line.split("  ")[2] for line in out.splitlines() if line.startswith("  ") and line[2].isdigit()] == [
        "not asked",
        "answered",
        "not asked",
    ]
    assert "3 requests in the first round, 1 of them already answered; the others take about " in out
    assert out.endswith(
        "That takes about 2:00:00 (2.00 hours) at the last rate of `tiny`: "
        "0.00028 answers and 0.0139 tokens a second.\n"
    )


def test_everything_is_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = Wanted(leaf=leaf(), samples=1)
    with Store(tmp_path / STORE_FILE) as store:
        store.put(Prompter(wanted.leaf, SETTINGS).prompt(0).request, answer())
    preview([wanted], SETTINGS, tmp_path, print)
    assert capsys.readouterr().out.endswith("There is nothing to wait for.\n")


def test_judge_and_documents_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(model=Model(name="tiny", digest=""), judge=Model(name="critic", digest=""))
    passages = (Passage(text="Owls hoot.", origin="birds.md, part 1"),)
    wanted = Wanted(leaf=leaf("knowledge/birds", LeafKind.KNOWLEDGE), samples=20, passages=passages)
    preview([wanted], settings, tmp_path, print)
    out = capsys.readouterr().out
    assert "seed example 1, birds.md, part 1\n" in out
    assert "\n`critic` is asked about each sample that the filters let through.\n" in out


def test_store_that_is_none(tmp_path: Path) -> None:
    (tmp_path / STORE_FILE).write_bytes(b"no database" * 100)
    with pytest.raises(TaxonomyError, match="cannot open the store of answers"):
        preview([Wanted(leaf=leaf(), samples=1)], SETTINGS, tmp_path, print)
