"""What answers requests, as far as a run asks of it."""

from typing import Protocol

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.request import Answer, Request


class Refused(TaxonomyError):
    """No request will ever be answered: the model is gone (404), or nobody is let in (401, 403)."""


class Unanswerable(TaxonomyError):
    """One request will never be answered, however often it is asked; that says nothing of others."""


class Backend(Protocol):
    """Answers requests, many at a time."""

    @property
    def capacity(self) -> int:
        """How many requests are worth having in flight now, over all hosts: at least 1. It changes as a run goes on."""

    async def ask(self, request: Request) -> Answer:
        """The answer to a request; what can pass (a full server, a broken connection) has been tried again.

        Cancelling it gives the request up. Raises Unanswerable and Refused for what no trying again mends, and
        TaxonomyError when no host has answered for too long.
        """

    def drain(self) -> None:
        """Take on nothing more: requests that no server works on yet are given up, so that `ask` is cancelled."""
