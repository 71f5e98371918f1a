"""Judging samples: whether an answer is a sample, and if not, for which reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import islice
from unicodedata import category

from taxonomy_tools.generate.copies import Match, Texts
from taxonomy_tools.generate.languages import Languages
from taxonomy_tools.generate.leftovers import Leftovers
from taxonomy_tools.generate.phrases import repeated_phrase
from taxonomy_tools.generate.reading import hidden_characters, read_sample, read_verdict, unfinished
from taxonomy_tools.generate.request import Answer
from taxonomy_tools.generate.sample import Reason, Rejection, Sample, Scores
from taxonomy_tools.generate.scripts import Scripts
from taxonomy_tools.generate.settings import Settings
from taxonomy_tools.generate.support import shared_words, support
from taxonomy_tools.generate.wording import words_of
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode
from taxonomy_tools.text import shorten
from taxonomy_tools.words import count_words

_DIGITS = 4
"""Decimals of a score: more would only make the files longer."""
_SLACK = 0.75
"""The share of the support of its least supported seed example that a leaf asks of its samples, if that is less."""
_MOST_SEEDS = 1000
"""Seed examples that are compared with each other: a file of 1 MiB holds 20,000."""
_LONGEST_WORD = 30
"""Code points that a word has at most on the average: a text of a megabyte without a space is no short one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What can be said of an answer without looking at the other samples.

    `sample` is None if it could not be read. `early` are the reasons before near-copies of samples, and `late` those
    after; `late` is only looked for where `early` is None. `words` are what samples are compared by: those of the
    question, and those of the whole sample.
    """

    sample: Sample | None
    early: Rejection | None
    late: Rejection | None
    scores: Scores
    words: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def certain(self) -> bool:
        """Whether it is rejected whatever the other samples are."""
        return self.early is not None or self.late is not None


class LeafFilter:
    """Judges the answers of one leaf.

    `inspect` depends on nothing but the leaf and the settings, and may be called in any thread; `settle` and `keep` are
    called in the order of the requests, by one thread at a time. What a leaf's own seed examples show (a question that
    is asked again and again, a repeated phrase, a refusal, another script, characters that nobody sees, a response that
    is not in its context) is not held against its samples.
    """

    def __init__(self, leaf: LeafNode, settings: Settings) -> None:
        self._kind = leaf.kind
        self._settings = settings
        self._seeds = list(_seed_samples(leaf))
        self._about = leaf.description
        seeds, likeness = [seed for _, seed in self._seeds], settings.limits.likeness
        texts = (text for seed in seeds for text in (seed.question, seed.response, seed.context))
        self._hidden = frozenset[str]().union(*map(hidden_characters, texts))
        grounded = self._kind is LeafKind.GROUNDED_SKILL
        asked_again = _alike((seed.question for seed in seeds), likeness)
        # A question of a grounded skill is asked again of each context: alone it is no copy. Where a leaf asks several
        # questions of one context instead, they are what makes the difference.
        by_question = not grounded and not asked_again
        self._by_context = grounded and (asked_again or not _alike((seed.context for seed in seeds), likeness))
        self._of_seeds = _Known(0, by_question=by_question)
        for seed in seeds:
            self._of_seeds.add(self._words(seed))
        self._of_samples = _Known(likeness, by_question=by_question)

    def inspect(self, answer: Answer, *, passage: str = "") -> Inspection:
        """What can be said of an answer alone. `passage` is the context that the prompt of a knowledge leaf gave.

        It takes time in the length of the answer, which is bounded by the limits of the settings, and raises nothing.
        """
        read = unfinished(answer, self._settings) or read_sample(
            answer.content, self._kind, passage=passage, known=self._hidden
        )
        if isinstance(read, Rejection):
            return Inspection(sample=None, early=read, late=None, scores=Scores(), words=((), ()))
        early = self._empty(read) or self._too_long(read)
        if early is not None:
            return Inspection(sample=read, early=early, late=None, scores=Scores(), words=((), ()))
        words = self._words(read)
        like = self._of_seeds.closest(words)
        supported = self._support(read)
        return Inspection(
            sample=read,
            early=(early := self._copy_of_seed(like)),
            late=None if early is not None else self._late(read, supported, passage),
            scores=Scores(
                likeness_to_seeds=0.0 if like is None else round(float(like[0].likeness), _DIGITS),
                support=None if supported is None else round(supported, _DIGITS),
            ),
            words=words,
        )

    def settle(self, inspection: Inspection) -> tuple[Rejection | None, Scores]:
        """Whether a sample is rejected, now that those before it are known. It is not kept by this.

        `likeness_to_samples` is measured where it is at least the limit: less is not looked for.
        """
        if inspection.early is not None:
            return inspection.early, inspection.scores
        like = self._of_samples.closest(inspection.words)
        if like is None:
            return inspection.late, inspection.scores
        match, what = like
        scores = replace(inspection.scores, likeness_to_samples=round(float(match.likeness), _DIGITS))
        return _near_copy(match, f"accepted sample {match.number + 1}", what), scores

    def keep(self, inspection: Inspection) -> None:
        """Keep a sample that was accepted: later ones are compared with it."""
        self._of_samples.add(inspection.words)

    def _empty(self, sample: Sample) -> Rejection | None:
        for key, text in _parts(sample, self._kind):
            if not _says_anything(text):
                detail = f"the {key} says nothing: `{shorten(text)}`" if text.strip() else f"the {key} is empty"
                return Rejection(reason=Reason.EMPTY, detail=detail)
        return None

    def _too_long(self, sample: Sample) -> Rejection | None:
        limits = self._settings.limits
        most = {
            "question": limits.question_words,
            "response": limits.response_words,
            "context": limits.context_words,
        }
        for key, text in _parts(sample, self._kind):
            words, longest = count_words(text), most[key] * _LONGEST_WORD
            if words > most[key]:
                return Rejection(
                    reason=Reason.TOO_LONG,
                    detail=f"the {key} has {words:,} words, and at most {most[key]:,} are let through",
                )
            if len(text) > longest:
                return Rejection(
                    reason=Reason.TOO_LONG,
                    detail=f"the {key} has {len(text):,} characters, and at most {longest:,} are let through",
                )
        return None

    def _words(self, sample: Sample) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The words of the question, and of all that the model writes of a sample."""
        question = words_of(sample.question)
        written = question + words_of(sample.response)
        return question, words_of(sample.context) + written if self._by_context else written

    def _copy_of_seed(self, like: tuple[Match, str] | None) -> Rejection | None:
        if like is None or like[0].likeness < self._of_samples.least:
            return None
        match, what = like
        return _near_copy(match, f"seed example {self._seeds[match.number][0]}", what)

    def _support(self, sample: Sample) -> float | None:
        if self._kind is LeafKind.FREEFORM_SKILL or not sample.context:
            return None
        return support(sample.response, sample.context, sample.question, neutral=self._own.labels)

    def _late(self, sample: Sample, supported: float | None, passage: str) -> Rejection | None:
        own = self._own
        texts = [text for _, text in _parts(sample, self._kind)]
        repeated = "" if own.repeats else next(filter(None, map(repeated_phrase, texts)), "")
        if repeated:
            return Rejection(reason=Reason.REPEATED, detail=repeated)
        left = own.leftovers.find(*texts)
        if left:
            return Rejection(reason=Reason.LEFTOVER, detail=left)
        other = (
            own.scripts.find(*texts, known=passage)
            or own.questions.find(sample.question)
            or own.responses.find(sample.response)
        )
        if other:
            return Rejection(reason=Reason.SCRIPT, detail=other)
        least = min(self._settings.limits.support, _SLACK * own.least_support)
        if supported is not None and supported < least:
            return Rejection(
                reason=Reason.UNSUPPORTED,
                detail=f"{supported:.2f} of the response is in the context, and at least {least:.2f} must be",
            )
        return None

    @cached_property
    def _own(self) -> "_Own":
        return _Own(self._kind, [seed for _, seed in self._seeds], self._about)


class _Own:
    """What a leaf's own texts show, which is not held against its samples."""

    def __init__(self, kind: LeafKind, seeds: list[Sample], about: str) -> None:
        texts = [about, *(text for seed in seeds for text in (seed.context, seed.question, seed.response))]
        self.repeats = any(repeated_phrase(text) for text in texts)
        self.leftovers = Leftovers(texts)
        self.scripts = Scripts(texts)
        self.questions = Languages([seed.question for seed in seeds])
        self.responses = Languages([seed.response for seed in seeds])
        self.labels = shared_words(seed.response for seed in seeds) if kind is LeafKind.GROUNDED_SKILL else frozenset()
        self.least_support = min(self._supports(seeds), default=1.0)

    def _supports(self, seeds: list[Sample]) -> Iterator[float]:
        for seed in seeds:
            found = support(seed.response, seed.context, seed.question, neutral=self.labels) if seed.context else None
            if found is not None:
                yield found


class _Known:
    """Questions and whole samples, in which near-copies are found."""

    def __init__(self, likeness: float, *, by_question: bool) -> None:
        numbers: dict[str, str] = {}
        self._questions = Texts(likeness, numbers=numbers) if by_question else None
        self._whole = Texts(likeness, numbers=numbers)

    @property
    def least(self) -> Fraction:
        return self._whole.least

    def add(self, words: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
        if self._questions is not None:
            self._questions.add(words[0])
        self._whole.add(words[1])

    def closest(self, words: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[Match, str] | None:
        """The most alike, and what of it is alike: "" is all."""
        whole = self._whole.closest(words[1])
        question = None if self._questions is None else self._questions.closest(words[0])
        if question is not None and (whole is None or question.likeness > whole.likeness):
            return question, "the question of "
        return None if whole is None else (whole, "")


def judged(answer: Answer, settings: Settings) -> tuple[Rejection | None, float | None, str]:
    """What a judge model says: the rejection, the score from 0 to 1 (None if it cannot be read), and its reason."""
    cut = unfinished(answer, settings)
    if cut is not None:
        return Rejection(reason=Reason.JUDGED, detail=f"the judge's answer is unfinished: {cut.detail}"), None, ""
    verdict = read_verdict(answer.content)
    if isinstance(verdict, Rejection):
        return verdict, None, ""
    if verdict.score >= settings.limits.judge:
        return None, verdict.score, verdict.reason
    detail = f"{verdict.score:.2f}, and at least {settings.limits.judge:.2f} must be: {shorten(verdict.reason, 200)}"
    return Rejection(reason=Reason.JUDGED, detail=detail), verdict.score, verdict.reason


def _seed_samples(leaf: LeafNode) -> Iterator[tuple[int, Sample]]:
    """Each pair of a leaf as a sample, with the number of its seed example, from 1."""
    for number, seed in enumerate(leaf.seed_examples, start=1):
        for pair in seed.pairs:
            yield number, Sample(question=pair.question, response=pair.answer, context=seed.context)


def _alike(texts: Iterable[str], likeness: float) -> bool:
    """Whether one of the texts is a near-copy of another."""
    known = Texts(likeness)
    for text in islice(texts, _MOST_SEEDS):
        words = words_of(text)
        if known.closest(words) is not None:
            return True
        known.add(words)
    return False


def _parts(sample: Sample, kind: LeafKind) -> Iterator[tuple[str, str]]:
    """What of a sample the model wrote, by its name."""
    if kind is LeafKind.GROUNDED_SKILL:
        yield "context", sample.context
    yield "question", sample.question
    yield "response", sample.response


def _says_anything(text: str) -> bool:
    """Whether a text has a letter, a digit, or a sign such as an emoji or `=`: more than marks and white space."""
    return any(category(character)[0] in "LNS" for character in text)


def _near_copy(match: Match, whose: str, what: str) -> Rejection:
    return Rejection(reason=Reason.NEAR_COPY, detail=f"{float(match.likeness):.2f} like {what}{whose}")
