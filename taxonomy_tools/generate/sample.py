"""What an answer holds, and what becomes of it: kept, or rejected for a reason."""

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why an answer is no sample, in the order in which it is looked at."""

    UNANSWERED = "unanswered"
    UNFINISHED = "unfinished"
    INVALID = "invalid"
    EMPTY = "empty"
    TOO_LONG = "too long"
    NEAR_COPY = "near-copy"
    REPEATED = "repeated phrases"
    LEFTOVER = "leftover"
    SCRIPT = "other language"
    UNSUPPORTED = "unsupported"
    JUDGED = "judged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A new example: a question with its response, and the context that both are about ("" without one)."""

    question: str
    response: str
    context: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejection:
    """Why an answer is no sample: the reason, and in words what is meant ("0.83 like seed example 2")."""

    reason: Reason
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """What was measured of a sample, each from 0 to 1; None where it was not.

    `likeness_to_seeds` and `likeness_to_samples` are the highest ROUGE-L against the seed examples and against the
    samples that were kept before it (None below the limit: less is not looked for), `support` the share of the response
    that the context holds, and `judge` what another model gives it.
    """

    likeness_to_seeds: float | None = None
    likeness_to_samples: float | None = None
    support: float | None = None
    judge: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What samples are held to. They are part of what a run is: with others it is another run.

    `likeness` is the ROUGE-L from which on two are near-copies. Words are those of `words.count_words`.
    """

    likeness: float = 0.7
    question_words: int = 500
    response_words: int = 1500
    context_words: int = 2000
    support: float = 0.3
    judge: float = 0.6


DEFAULT_LIMITS = Limits()
