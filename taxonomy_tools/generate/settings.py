"""What a run goes by, as far as its samples depend on it: with other settings it is another run."""

from dataclasses import dataclass

from taxonomy_tools.generate.sample import DEFAULT_LIMITS, Limits


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model: what a server calls it, its digest (what it is), and how many tokens of context it was made for."""

    name: str
    digest: str
    context_length: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What is sent with each request, and how samples are judged.

    `num_ctx` and `num_predict` are tokens. `seed` is where the seeds of requests are drawn from. `max_attempts` is how
    many requests each sample that is wanted may cost, on the average of its leaf. `judge` is the model that judges,
    None without one.
    """

    model: Model
    num_ctx: int = 8192
    num_predict: int = 1024
    temperature: float = 0.7
    seed: int = 0
    max_attempts: int = 3
    judge: Model | None = None
    limits: Limits = DEFAULT_LIMITS
