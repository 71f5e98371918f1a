"""Requests and answers to put somewhere, and a backend that answers in an order of its own."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.request import Answer, Durations, Message, Request


def request(number: int = 0, **changes: Any) -> Request:
    values: dict[str, Any] = {
        "model": "tiny",
        "digest": "sha256:1",
        "messages": (Message(role="user", content=f"number {number}"),),
        "format": '{"type":"object"}',
        "options": {"seed": number, "temperature": 0.7},
    }
    return Request(**{**values, **changes})


def answer(content: str = "four", **changes: Any) -> Answer:
    values: dict[str, Any] = {
        "content": content,
        "done": True,
        "done_reason": "stop",
        "prompt_tokens": 12,
        "answer_tokens": 3,
        "server": "0.24.0",
        "durations": Durations(total=9, load=1, prompt=2, answer=3),
    }
    return Answer(**{**values, **changes})


WORDS = (
    "river stone lantern meadow copper violin harbor thistle ember walnut glacier sparrow velvet anchor maple orchid "
    "pebble compass saffron willow quartz falcon barley marble cinder juniper trellis beacon clover tundra"
).split()


def written(request: Request, *, about: str = "") -> str:
    """What a model that knows a few words answers: always the same to the same request, and of the due shape."""
    dice = Random(request.name)
    due = json.loads(request.format)["properties"]
    return json.dumps({key: " ".join([*dice.choices(WORDS, k=12), about]) + "." for key in due})


class Answering:
    """A backend that answers by a function of the request, in an order of its own. `asked` counts what it was asked."""

    def __init__(
        self, reply: Callable[[Request], Answer | TaxonomyError], *, capacity: int = 4, disorder: int | None = None
    ) -> None:
        self.capacity = capacity
        self.asked: Counter[str] = Counter()
        self.most_in_flight = 0
        self._reply = reply
        self._dice = None if disorder is None else Random(disorder)
        self._in_flight = 0

    def drain(self) -> None:
        """Nothing waits here."""

    async def ask(self, request: Request) -> Answer:
        """The function's answer, after a while."""
        self.asked[request.name] += 1
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            for _ in range(0 if self._dice is None else self._dice.randrange(20)):
                await asyncio.sleep(0)
        finally:
            self._in_flight -= 1
        said = self._reply(request)
        if isinstance(said, TaxonomyError):
            raise said
        return said
