"""What answers requests, as far as a run asks of it."""

from typing import Protocol

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.request import Answer, Request


class Refused(TaxonomyError):
    """A server does not answer this request and never will: the model is gone, or the request is none (400, 404)."""


class Backend(Protocol):
    """Answers requests, many at a time."""

    @property
    def capacity(self) -> int:
        """How many requests are worth having in flight now, over all hosts: at least 1. It changes as a run goes on."""

    async def ask(self, request: Request) -> Answer:
        """The answer to a request; what can pass (a full server, a broken connection) has been tried again.

        Cancelling it gives the request up. Raises Refused for what no trying again mends, and TaxonomyError when no
        host has answered for too long.
        """
