"""What is asked of a model, and what it answers: records that a store can keep."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message of a conversation. `role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question to a model. Its name says all that the answer depends on, and nothing else.

    `model` is what the server calls it; what it is, is its `digest`. `format` is the JSON Schema that the server is to
    hold the answer to, as canonical JSON. `options` are Ollama's (`num_ctx`, `num_predict`, `temperature`, `seed`).
    """

    model: str
    digest: str
    messages: tuple[Message, ...]
    format: str
    options: Mapping[str, int | float]

    @cached_property
    def canonical(self) -> bytes:
        """The request as canonical JSON, whose hash is its name."""
        return canonical(
            {
                "digest": self.digest,
                "format": json.loads(self.format),
                "messages": [asdict(message) for message in self.messages],
                "options": dict(self.options),
            }
        )

    @cached_property
    def name(self) -> str:
        """64 hexadecimal digits: the SHA-256 of the canonical JSON."""
        return sha256(self.canonical).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Durations:
    """How long an answer took, in nanoseconds, as the server tells it; what it leaves out is 0."""

    total: int = 0
    load: int = 0
    prompt: int = 0
    answer: int = 0

    @property
    def waiting(self) -> int:
        """The time in the server's queue, in nanoseconds: what no other part of the total accounts for."""
        return max(0, self.total - self.load - self.prompt - self.answer)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a model answered.

    `done` is false where it was stopped in the middle, `done_reason` is "stop" or "length", "" where the server gives
    none. The tokens are those of the prompt and of the answer, 0 where the server does not count them. `server` is the
    version of the server that answered. `durations` differ from run to run: no file that is compared holds them.
    """

    content: str
    done: bool
    done_reason: str
    prompt_tokens: int
    answer_tokens: int
    server: str
    durations: Durations = Durations()


def canonical(value: Any) -> bytes:
    """A value as JSON that is the same wherever it is written: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")
