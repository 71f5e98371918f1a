"""What a run writes of an answer: the answer with all that it came from, put together again from inputs and store."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.inputs import Wanted
from taxonomy_tools.generate.prompting import Prompt, Prompter
from taxonomy_tools.generate.request import Answer, canonical
from taxonomy_tools.generate.run import NOTHING, Ending, Run, Tally, Verdict
from taxonomy_tools.generate.sample import Reason, Sample, Scores
from taxonomy_tools.generate.settings import Settings
from taxonomy_tools.generate.store import Store
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode

NOT_MEASURED = -1.0
"""In place of a score."""
_AT_ONCE = 256
"""Answers that are held in memory at a time."""
_ID_DIGITS = 32
# Halves of characters, which UTF-8 does not have; and what ends a line for some who read JSON lines.
_UNWRITABLE = re.compile("[\ud800-\udfff]")
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """An answer that was judged: of which leaf, to which prompt, and what became of it. `opinion` is the judge's."""

    leaf: LeafNode
    settings: Settings
    prompt: Prompt
    answer: Answer
    opinion: Answer | None
    verdict: Verdict

    @property
    def id(self) -> str:
        """32 hexadecimal digits: the same for the same request of the same leaf, in every run."""
        return sha256(canonical([self.leaf.path, self.verdict.request])).hexdigest()[:_ID_DIGITS]

    @property
    def kept(self) -> Sample | None:
        """The sample, if it was kept."""
        return self.verdict.sample if self.verdict.rejection is None else None

    def metadata(self) -> dict[str, Any]:
        """Where the answer comes from: its leaf, its prompt, its model, its scores.

        `seed_examples` are the places in the leaf of those that the prompt showed, from 0 and in the order shown.
        Every member is always there and of one type, so what there is nothing to say of is an empty text or 0, and a
        score that was not measured -1. What reads JSON lines (Hugging Face's datasets 5.2) derives the type of a column
        from the first of them, and fails at a number where there was null.
        """
        request, verdict, judge = self.prompt.request, self.verdict, self.settings.judge
        options = dict(request.options)
        asked = judge if self.opinion is not None else None
        return {
            "leaf": self.leaf.path,
            "kind": self.leaf.kind.value,
            "blob": self.leaf.blob,
            "commit": self.leaf.commit,
            "index": verdict.index,
            "seed_examples": list(self.prompt.shown),
            "passage": self.prompt.origin,
            "model": request.model,
            "digest": request.digest,
            "seed": options.pop("seed"),
            "options": options,
            "request": verdict.request,
            "prompt_tokens": self.answer.prompt_tokens,
            "answer_tokens": self.answer.answer_tokens,
            "scores": _scores(verdict.scores),
            "judge": {
                "model": asked.name if asked is not None else "",
                "digest": asked.digest if asked is not None else "",
                "request": verdict.opinion,
                "reason": verdict.reason,
                "prompt_tokens": self.opinion.prompt_tokens if self.opinion is not None else 0,
                "answer_tokens": self.opinion.answer_tokens if self.opinion is not None else 0,
            },
        }


def records(run: Run, store: Store, number: int, wanted: Wanted) -> Iterator[Record]:
    """What was judged of a leaf, in the order of its requests. `number` is the leaf's, from 0.

    Raises TaxonomyError if the store cannot be read, or has lost an answer meanwhile.
    """
    settings = run.inputs.settings
    prompter = Prompter(wanted.leaf, settings, passages=wanted.passages)
    verdicts = run.verdicts(number)
    for start in range(0, len(verdicts), _AT_ONCE):
        part = verdicts[start : start + _AT_ONCE]
        answers = store.get_many(name for verdict in part for name in (verdict.request, verdict.opinion) if name)
        for verdict in part:
            yield Record(
                leaf=wanted.leaf,
                settings=settings,
                prompt=prompter.prompt(verdict.index),
                answer=NOTHING
                if _is_unanswered(verdict, answers)
                else _found(answers, verdict.request, wanted.leaf.path),
                opinion=_found(answers, verdict.opinion, wanted.leaf.path) if verdict.opinion else None,
                verdict=verdict,
            )


def user_text(kind: LeafKind, sample: Sample) -> str:
    """What a model in training is asked: the question, after it the context that it is about.

    Not so for knowledge: the model is to know what its document says, and not only to find it there.
    """
    if kind is LeafKind.KNOWLEDGE or not sample.context:
        return sample.question
    return f"{sample.question}\n\n{sample.context}"


def why_short(tally: Tally, run: Run) -> str:
    """Why a leaf has fewer samples than were wanted, in a word or two; "" if it has them all."""
    if tally.kept >= tally.wanted:
        return ""
    if run.ending is not Ending.DONE:
        return str(run.ending.value)
    if tally.pending or tally.answers < tally.wanted * run.inputs.settings.max_attempts:
        return "not asked"  # as when the answers of another run are judged again
    return "attempts used up"


def json_text(value: Mapping[str, Any]) -> str:
    r"""A mapping as JSON in one line, with its keys sorted and other alphabets as they are.

    What UTF-8 cannot hold (a byte of a file's name, half of a character in an answer) is written out: `\udcff`.
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    # Between quotes, as nothing else in JSON can hold them.
    text = _UNWRITABLE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text)
    return _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _is_unanswered(verdict: Verdict, answers: Mapping[str, Answer]) -> bool:
    """Whether there never was an answer: of one that the judge gave none to there is."""
    rejection = verdict.rejection
    return rejection is not None and rejection.reason is Reason.UNANSWERED and verdict.request not in answers


def _scores(scores: Scores) -> dict[str, float]:
    return {name: NOT_MEASURED if score is None else score for name, score in asdict(scores).items()}


def _found(answers: Mapping[str, Answer], name: str, path: str) -> Answer:
    if name not in answers:
        raise TaxonomyError(
            f"the store of answers has lost that to the request {name[:12]} of {path}.",
            "Run the same command again.",
        )
    return answers[name]
