"""What a run would ask, without asking it: every request of the first round, and what they would cost."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from taxonomy_tools.generate.inputs import Wanted
from taxonomy_tools.generate.progress import spelled
from taxonomy_tools.generate.prompting import Prompt, Prompter
from taxonomy_tools.generate.settings import Settings
from taxonomy_tools.generate.store import STORE_FILE, Rate, Store
from taxonomy_tools.generate.tokens import estimate, estimate_tokens
from taxonomy_tools.leaf import LeafNode
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.wording import count

_NAME_DIGITS = 12
_TOGETHER = 200
"""Requests that are looked up in the store at once."""


@dataclass(kw_only=True, slots=True)
class _Sums:
    """What all requests come to, in tokens as they are estimated. `open` are those that have no answer."""

    requests: int = 0
    open: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0

    def add(self, prompt_tokens: int, answer_tokens: int, *, answered: bool) -> None:
        """Count a request; what is answered costs nothing."""
        self.requests += 1
        if not answered:
            self.open += 1
            self.prompt_tokens += prompt_tokens
            self.answer_tokens += answer_tokens


def preview(wanted: Sequence[Wanted], settings: Settings, output_dir: Path, say: Callable[[str], object]) -> None:
    """Say each request that a run would begin with: its leaf, number, seed examples, tokens, name and messages.

    Then how many there are, how many of them the store in the output folder has answers to, and how long the others
    take at the rate at which the model answered last. Nothing is written. Raises TaxonomyError if the store cannot be
    read.
    """
    path = output_dir / STORE_FILE
    if not path.exists():
        _show(wanted, settings, say, lambda _: frozenset(), None)
        return
    with Store(path, read_only=True) as store:
        _show(wanted, settings, say, store.known, store.rate(settings.model.digest))


def _show(
    wanted: Sequence[Wanted],
    settings: Settings,
    say: Callable[[str], object],
    known: Callable[[list[str]], frozenset[str]],
    rate: Rate | None,
) -> None:
    sums = _Sums()
    told: dict[str, str] = {}
    for one in wanted:
        leaf = one.leaf
        say(f"{escape(leaf.path)}  {leaf.kind.value}, {count(one.samples, 'sample')}")
        likely = _likely_tokens(leaf)
        for prompts in _prompts(one, settings):
            answered = known([prompt.request.name for prompt in prompts])
            for prompt in prompts:
                is_answered = prompt.request.name in answered
                tokens = estimate(prompt.request)
                sums.add(tokens, likely, answered=is_answered)
                say(_headed(prompt, tokens, answered=is_answered))
                for line in _messages(prompt, told, leaf.path):
                    say(line)
    say(_closing(sums, settings, rate))


def _prompts(wanted: Wanted, settings: Settings) -> Iterator[list[Prompt]]:
    """The requests of a leaf's first round, some at a time."""
    prompter = Prompter(wanted.leaf, settings, passages=wanted.passages)
    for start in range(0, wanted.samples, _TOGETHER):
        yield [prompter.prompt(index) for index in range(start, min(start + _TOGETHER, wanted.samples))]


def _likely_tokens(leaf: LeafNode) -> int:
    """The tokens of an answer, if it is like those of the seed examples: the average."""
    lengths = [
        estimate_tokens(pair.question) + estimate_tokens(pair.answer)
        for seed in leaf.seed_examples
        for pair in seed.pairs
    ]
    return -(-sum(lengths) // max(1, len(lengths)))


def _headed(prompt: Prompt, tokens: int, *, answered: bool) -> str:
    seeds = ", ".join(str(number + 1) for number in prompt.shown)
    origin = "" if not prompt.origin or prompt.origin.startswith("seed example ") else f", {reveal(prompt.origin)}"
    state = "answered" if answered else "not asked"
    return (
        f"\n  {prompt.index + 1}. {prompt.request.name[:_NAME_DIGITS]}  {state}  about {tokens:,} tokens  "
        f"seed example{'' if len(prompt.shown) == 1 else 's'} {seeds}{origin}"
    )


def _messages(prompt: Prompt, told: dict[str, str], path: str) -> Iterator[str]:
    """The messages of a request, line by line. What is the same for many (the instructions) is shown once."""
    for message in prompt.request.messages:
        if message.role == "system":
            if message.content in told:
                yield f"    {message.role}: as for {escape(told[message.content])}"
                continue
            told[message.content] = path
        yield f"    {message.role}:"
        yield from (f"      {reveal(line)}".rstrip() for line in message.content.split("\n"))


def _closing(sums: _Sums, settings: Settings, rate: Rate | None) -> str:
    answered = sums.requests - sums.open
    lines = [
        "",
        f"{count(sums.requests, 'request')} in the first round"
        + (f", {answered:,} of them already answered; the others take" if answered else "; they take")
        + f" about {sums.prompt_tokens:,} tokens of prompts and {sums.answer_tokens:,} of answers.",
    ]
    if settings.judge is not None:
        lines.append(f"`{reveal(settings.judge.name)}` is asked about each sample that the filters let through.")
    lines.append(f"Each sample may cost {count(settings.max_attempts, 'request')}: those that are rejected come again.")
    lines.append(_time(sums, settings, rate))
    return "\n".join(lines)


def _time(sums: _Sums, settings: Settings, rate: Rate | None) -> str:
    name = reveal(settings.model.name)
    if not sums.open:
        return "There is nothing to wait for."
    if rate is None or not rate.answers:
        return f"How long that takes is not known: `{name}` was not asked yet."
    seconds = sums.open * rate.seconds / rate.answers
    pace = f"{rate.answers / rate.seconds:.2g} answers and {rate.tokens / rate.seconds:.3g} tokens a second"
    return f"That takes about {spelled(seconds)} ({seconds / 3600:.2f} hours) at the last rate of `{name}`: {pace}."
