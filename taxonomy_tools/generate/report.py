"""`report.md`: a run as a reviewer reads it, in GitHub's Markdown.

How much was kept, why the rest was not, how new and how long the samples are, and of each leaf the best and the worst
samples beside the seed examples that they came from. All of it that came from a leaf or a model is escaped. GitHub
shows no Markdown of more than a megabyte, so leaves for which there is no room are counted; those that fell short of
what was wanted come first.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from taxonomy_tools.generate.inputs import Wanted
from taxonomy_tools.generate.records import Record, why_short
from taxonomy_tools.generate.run import Run, Tally
from taxonomy_tools.generate.sample import Reason
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode
from taxonomy_tools.reporters.escape import escape
from taxonomy_tools.reporters.markup import code, prose
from taxonomy_tools.reporters.wording import count
from taxonomy_tools.reporters.worst import Worst
from taxonomy_tools.text import shorten
from taxonomy_tools.words import count_words

REPORT_FILE = "report.md"
_ROWS = 500
_ROOM = 700_000
"""Characters of the leaves' sections together; `_ROWS` are the rows of their table."""
_EACH = 2
"""Best samples of a leaf that are shown, and worst."""
_LONGEST_TEXT = 700
_LONGEST_SEED = 350
_LONGEST_NAME = 200
_MOST_PAIRS = 3
_SHORT_HASH = 7
_DIGITS = 10_000
"""Novelty is counted in these parts, as scores have four decimals."""
_STEPS = 10
_BAR = 30


@dataclass(slots=True)
class Distribution:
    """Whole numbers that were met, each with how often: exact, and as large as there are different ones."""

    numbers: Counter[int] = field(default_factory=Counter)

    def add(self, number: int) -> None:
        """One more."""
        self.numbers[number] += 1

    def merge(self, other: "Distribution") -> None:
        """Those of another one too."""
        self.numbers.update(other.numbers)

    @property
    def total(self) -> int:
        """How many."""
        return self.numbers.total()

    @property
    def mean(self) -> float:
        """The mean; 0 without numbers."""
        return sum(number * times for number, times in self.numbers.items()) / self.total if self.total else 0.0

    def quantile(self, percent: int) -> int:
        """The smallest number that at least this share of them do not exceed (nearest rank); 0 without numbers."""
        left = max(1, -(-self.total * percent // 100))
        for number in sorted(self.numbers):
            left -= self.numbers[number]
            if left <= 0:
                return number
        return 0


@dataclass(slots=True)
class _Figures:
    """What is measured of samples that were kept."""

    novelty: Distribution = field(default_factory=Distribution)
    question: Distribution = field(default_factory=Distribution)
    response: Distribution = field(default_factory=Distribution)

    def add(self, record: Record) -> None:
        sample = record.kept
        assert sample is not None
        self.novelty.add(round(_novelty(record) * _DIGITS))
        self.question.add(count_words(sample.question))
        self.response.add(count_words(sample.response))

    def merge(self, other: "_Figures") -> None:
        self.novelty.merge(other.novelty)
        self.question.merge(other.question)
        self.response.merge(other.response)


@dataclass(slots=True)
class _Leaf:
    """The leaf whose records follow."""

    wanted: Wanted
    tally: Tally
    figures: _Figures = field(default_factory=_Figures)
    best: list[Record] = field(default_factory=list)
    worst: list[Record] = field(default_factory=list)
    rejected: dict[Reason, Record] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        if record.verdict.rejection is not None:
            self.rejected.setdefault(record.verdict.rejection.reason, record)
            return
        self.figures.add(record)
        self.best = sorted([*self.best, record], key=_from_best)[:_EACH]
        self.worst = sorted([*self.worst, record], key=_from_worst)[:_EACH]


class Review:
    """Gathers what the report says: of each leaf a row and a section, of the whole run a few figures."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._number = 0
        self._leaf: _Leaf | None = None
        self._figures = _Figures()
        self._rows = Worst(number=_ROWS, size=_ROOM)
        self._sections = Worst(number=_ROWS, size=_ROOM)

    def leaf(self, wanted: Wanted) -> None:
        """The next leaf."""
        self._end_leaf()
        self._leaf = _Leaf(wanted, self._run.tallies[self._number])
        self._number += 1

    def record(self, record: Record) -> None:
        """The next of its records."""
        assert self._leaf is not None
        self._leaf.add(record)

    def finish(self) -> None:
        """There are no more."""
        self._end_leaf()

    def texts(self) -> Iterator[str]:
        """The report, in parts."""
        tallies, inputs = self._run.tallies, self._run.inputs
        kept, answers = sum(tally.kept for tally in tallies), sum(tally.answers for tally in tallies)
        model = inputs.settings.model
        yield f"# Samples of {_name(model.name)}\n\n"
        yield (
            f"**{kept:,} of {count(inputs.samples, 'sample')} kept**, from {count(answers, 'answer')}"
            f"{f' ({_percent(kept, answers)})' if answers else ''}, "
            f"of {count(len(tallies), 'leaf', 'leaves')}. The run {_name(inputs.name)} "
            f"ended: {self._run.ending.value}.\n\n"
        )
        yield f"{' '.join(self._facts())}\n\n"
        yield from self._table()
        yield from _reasons(tallies)
        yield from _novelties(self._figures.novelty)
        yield from _lengths(self._figures)
        yield from self._shown()

    def _facts(self) -> Iterator[str]:
        """Which state of the taxonomy it is about, with what it was asked, and what that cost."""
        settings, origin, tallies = self._run.inputs.settings, self._run.inputs.origin, self._run.tallies
        if origin.base:
            start = f" ({code(origin.start[:_SHORT_HASH])})" if origin.start else ""
            yield f"Leaves of {_name(origin.head)} that differ from {_name(origin.base)}{start}."
        elif origin.head:
            yield f"Leaves of {_name(origin.head)}."
        yield f"Model {_name(settings.model.digest)}, context {settings.num_ctx:,}, temperature {settings.temperature}."
        if settings.judge is not None:
            yield f"Judged by {_name(settings.judge.name)}."
        prompts = sum(tally.prompt_tokens for tally in tallies)
        answers = sum(tally.answer_tokens for tally in tallies)
        yield f"Tokens: {prompts:,} of prompts, {answers:,} of answers."

    def _end_leaf(self) -> None:
        if self._leaf is None:
            return
        leaf, self._leaf = self._leaf, None
        self._figures.merge(leaf.figures)
        why = why_short(leaf.tally, self._run)
        key = (not why, leaf.tally.path)
        self._rows.put(key, _row(leaf, why))
        if leaf.best or leaf.rejected:
            self._sections.put(key, _section(leaf, why))

    def _table(self) -> Iterator[str]:
        rows = _by_path(self._rows)
        yield "| leaf | kind | wanted | kept | answers | rejected | novelty | words |\n"
        yield "|---|---|--:|--:|--:|---|--:|--:|\n"
        yield from rows
        yield "\n"
        if left_out := self._rows.offered - len(rows):
            yield f"{count(left_out, 'more leaf has', 'more leaves have')} no row here.\n\n"
        yield "Novelty and words of question and response are medians of what was kept.\n\n"

    def _shown(self) -> Iterator[str]:
        sections = _by_path(self._sections)
        if not sections:
            return
        ways = ["by what the judge says, then "] if self._run.inputs.settings.judge is not None else [""]
        yield (
            f"## Leaf by leaf\n\nThe best and the worst samples {ways[0]}by novelty and support in the context, each "
            "beside the seed examples that its prompt showed. `samples.jsonl` has all of them.\n\n"
        )
        yield from sections
        if left_out := self._sections.offered - len(sections):
            yield f"{count(left_out, 'more leaf is', 'more leaves are')} left out: the report would be too long.\n"


# --- the figures


def _row(leaf: _Leaf, why: str) -> str:
    figures, tally = leaf.figures, leaf.tally
    rejected = ", ".join(f"{number} {reason.value}" for reason, number in _counted(tally.rejected))
    cells = (
        _name(tally.path),
        leaf.wanted.leaf.kind.value,
        f"{tally.wanted:,}",
        f"**{tally.kept:,}** ({why})" if why else f"{tally.kept:,}",
        f"{tally.answers:,}",
        rejected,
        f"{figures.novelty.quantile(50) / _DIGITS:.2f}" if tally.kept else "",
        f"{figures.question.quantile(50):,} / {figures.response.quantile(50):,}" if tally.kept else "",
    )
    return f"| {' | '.join(cells)} |\n"


def _reasons(tallies: Iterable[Tally]) -> Iterator[str]:
    rejected: Counter[Reason] = Counter()
    answers = pending = 0
    for tally in tallies:
        rejected.update(tally.rejected)
        answers += tally.answers
        pending += tally.pending
    if rejected.total() or pending:
        yield "## Why answers were not kept\n\n| reason | answers | share |\n|---|--:|--:|\n"
        for reason, number in _counted(rejected):
            yield f"| {reason.value} | {number:,} | {_percent(number, answers)} |\n"
        if pending:
            yield f"| not judged yet | {pending:,} | {_percent(pending, answers)} |\n"
        yield "\n`rejected.jsonl` has each of them with its reason.\n\n"


def _novelties(novelty: Distribution) -> Iterator[str]:
    """How far samples are from the seed examples, as a histogram."""
    if not novelty.total:
        return
    steps: Counter[int] = Counter()
    for number, times in novelty.numbers.items():
        steps[min(number * _STEPS // _DIGITS, _STEPS - 1)] += times
    most = max(steps.values())
    yield (
        "## Novelty\n\nOne less the likeness (ROUGE-L) to the seed example that a sample is most like. "
        f"Median {novelty.quantile(50) / _DIGITS:.2f}, from {novelty.quantile(0) / _DIGITS:.2f} "
        f"to {novelty.quantile(100) / _DIGITS:.2f}.\n\n| novelty | samples | |\n|---|--:|---|\n"
    )
    for step in range(min(steps), max(steps) + 1):
        bar = "█" * -(-_BAR * steps[step] // most)
        yield f"| {step / _STEPS:.1f} to {(step + 1) / _STEPS:.1f} | {steps[step]:,} | {bar} |\n"
    yield "\n"


def _lengths(figures: _Figures) -> Iterator[str]:
    if not figures.question.total:
        return
    yield "## Lengths\n\n| words | least | median | mean | 9 of 10 | most |\n|---|--:|--:|--:|--:|--:|\n"
    for name, numbers in (("question", figures.question), ("response", figures.response)):
        least, median, nine, most = (numbers.quantile(percent) for percent in (0, 50, 90, 100))
        yield f"| {name} | {least:,} | {median:,} | {numbers.mean:,.1f} | {nine:,} | {most:,} |\n"
    yield "\n"


def _counted(rejected: Counter[Reason]) -> list[tuple[Reason, int]]:
    """The reasons that there are, the most frequent first."""
    order = list(Reason)
    found = ((reason, number) for reason, number in rejected.items() if number)
    return sorted(found, key=lambda pair: (-pair[1], order.index(pair[0])))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%"


# --- the samples of a leaf


def _novelty(record: Record) -> float:
    return 1 - (record.verdict.scores.likeness_to_seeds or 0.0)


def _merit(record: Record) -> tuple[float, float]:
    scores = record.verdict.scores
    measured = [_novelty(record)] if scores.support is None else [_novelty(record), scores.support]
    return scores.judge or 0.0, fmean(measured)


def _from_best(record: Record) -> tuple[float, float, int]:
    judged, measured = _merit(record)
    return -judged, -measured, record.verdict.index


def _from_worst(record: Record) -> tuple[float, float, int]:
    judged, measured = _merit(record)
    return judged, measured, -record.verdict.index


def _by_path(worst: Worst) -> list[str]:
    """What is kept, in the order of the paths: those stand at the end of the keys."""
    return [text for _, text in sorted((str(key[-1]), text) for key, text in worst.texts())]


def _section(leaf: _Leaf, why: str) -> str:
    """A leaf behind its name: what was rejected, an example of each reason, and samples beside their seed examples."""
    title = f"{_name(leaf.tally.path)}: {leaf.tally.kept:,} of {leaf.tally.wanted:,} kept{f' ({why})' if why else ''}"
    blocks = [f"<details><summary>{title}</summary>\n"]
    if leaf.rejected:
        blocks.append("".join(_rejection(record) for record in leaf.rejected.values()))
    shown = {record.verdict.index for record in leaf.best}
    worst = [record for record in reversed(leaf.worst) if record.verdict.index not in shown]
    for title, records in (("Best", leaf.best), ("Worst", worst)):
        if records:
            blocks += [f"**{title}**\n", _side_by_side(leaf.wanted.leaf, records)]
    return "\n".join([*blocks, "</details>\n\n"])


def _rejection(record: Record) -> str:
    rejection = record.verdict.rejection
    assert rejection is not None
    return f"- rejected as {rejection.reason.value}: {_text(rejection.detail, _LONGEST_TEXT)}\n"


def _side_by_side(leaf: LeafNode, records: Sequence[Record]) -> str:
    """A table in HTML, as Markdown's own has no lines in its cells. No blank line may stand in it."""
    rows = ["<table>", "<tr><th>seed examples</th><th>sample</th></tr>"]
    for record in records:
        seeds = "<hr>".join(_seed(leaf, place) for place in record.prompt.shown)
        rows.append(f'<tr valign="top"><td>{seeds}</td><td>{_sample(record)}</td></tr>')
    return "\n".join([*rows, "</table>\n"])


def _seed(leaf: LeafNode, place: int) -> str:
    """A seed example; people count them from 1."""
    seed = leaf.seed_examples[place]
    parts = [f"<em>seed example {place + 1}</em>"]
    if seed.context:
        parts.append(_labelled("context", seed.context, _LONGEST_SEED))
    for pair in seed.pairs[:_MOST_PAIRS]:
        parts += [_labelled("question", pair.question, _LONGEST_SEED), _labelled("answer", pair.answer, _LONGEST_SEED)]
    if more := len(seed.pairs) - _MOST_PAIRS:
        parts += [f"and {count(more, 'more pair')}"] if more > 0 else []
    return "<br>".join(parts)


def _sample(record: Record) -> str:
    sample, prompt = record.kept, record.prompt
    assert sample is not None
    parts = [f"<em>{', '.join(_scores(record))}</em>"]
    if prompt.origin and not prompt.origin.startswith("seed example "):
        parts.append(_labelled("passage", f"{prompt.origin}: {prompt.passage}", _LONGEST_SEED))
    if record.leaf.kind is LeafKind.GROUNDED_SKILL:
        parts.append(_labelled("context", sample.context, _LONGEST_TEXT))
    parts += [
        _labelled("question", sample.question, _LONGEST_TEXT),
        _labelled("response", sample.response, _LONGEST_TEXT),
    ]
    if record.verdict.reason:
        parts.append(_labelled("the judge", record.verdict.reason, _LONGEST_SEED))
    return "<br>".join(parts)


def _scores(record: Record) -> Iterator[str]:
    scores = record.verdict.scores
    yield f"index {record.verdict.index}"
    yield f"novelty {_novelty(record):.2f}"
    if scores.support is not None:
        yield f"support {scores.support:.2f}"
    if scores.judge is not None:
        yield f"judge {scores.judge:.2f}"


def _labelled(label: str, text: str, longest: int) -> str:
    return f"<strong>{label}</strong> {_text(text, longest)}"


def _text(text: str, longest: int) -> str:
    """Text on one line of HTML, with its own lines shown as such."""
    return "<br>".join(prose(line) for line in shorten(text, longest).split("\n"))


def _name(name: str) -> str:
    return code(shorten(escape(name), _LONGEST_NAME))
