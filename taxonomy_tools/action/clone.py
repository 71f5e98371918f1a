"""The clone that actions/checkout has made, and how it gets more history: by as little as will do, from `origin`.

A fetch runs no program that the clone's own config names, as `Repository.fetch` does not. The token that
actions/checkout leaves in the config is a header, and counts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import FetchFailed, Repository

REMOTE = "origin"
STEPS = (16, 128, 1024)
"""Commits by which a shallow clone is deepened, one after the other; after the last of them, all history is fetched."""
_SECONDS = 300


class CannotFetch(TaxonomyError):
    """The remote did not give what is missing."""


@dataclass(kw_only=True, slots=True)
class Clone:
    """A clone, and how to ask for more of it. `announce` is told before each fetch.

    `repository` is what is there now: it is made anew by a fetch.
    """

    start: Path
    announce: Callable[[str], None]
    repository: Repository = field(init=False)

    def __post_init__(self) -> None:
        self.repository = _discover(self.start)

    def fetch(self, what: str, wanted: str) -> None:
        """Fetch a commit (a hash) that is missing, or a branch (a refspec); `what` names it for the reader.

        To a shallow clone it comes without its history, unless that is there. Raises CannotFetch.
        """
        ref, _, name = wanted.removeprefix("+").partition(":")

        def asked(repository: Repository) -> tuple[str, ...]:
            if not repository.shallow:
                return ()
            # A commit that is there, and is fetched with a depth, loses the parents that are there too.
            tip = repository.advertised(REMOTE, ref, seconds=_SECONDS) if name else None
            return () if tip is not None and repository.commit(tip) is not None else ("--depth=1",)

        self._fetch(what, f"Fetching {what} from {REMOTE}", asked, (wanted,))

    def deepen(self, step: int | None, *commits: str) -> None:
        """Fetch so many more commits of the history of these, or (None) all of it. Raises CannotFetch."""
        depth = "--unshallow" if step is None else f"--deepen={step}"
        more = "the whole history" if step is None else f"{step} more {'commit' if step == 1 else 'commits'} of history"
        self._fetch(more, f"Fetching {more} from {REMOTE}: this clone is shallow", lambda _: (depth,), commits)

    def steps(self) -> Iterator[int | None]:
        """By how much to deepen, one after the other, as long as there is more to be had."""
        for step in (*STEPS, None):
            if not self.repository.shallow:
                return
            yield step

    def is_cut_off(self, head: str, base: str) -> bool:
        """Whether history ends, because the clone is shallow, among the commits that `head` has and `base` has not."""
        return self.repository.shallow and self.repository.is_cut_off(head, without=base)

    def _fetch(
        self, what: str, announcement: str, options: Callable[[Repository], tuple[str, ...]], wanted: tuple[str, ...]
    ) -> None:
        if REMOTE not in self.repository.remotes():
            raise CannotFetch(f"this clone has no remote `{REMOTE}` to fetch from.", CHECKOUT)
        self.announce(announcement)
        try:
            self.repository.fetch(REMOTE, wanted, *options(self.repository), seconds=_SECONDS)
        except FetchFailed as error:
            raise CannotFetch(
                f"{what} could not be fetched from {REMOTE}{error.because}.",
                CHECKOUT,
                Remedy(
                    "With persist-credentials: false there is no token to fetch with, which a private repository asks "
                    "for."
                ),
            ) from error
        self.repository = _discover(self.start)


CHECKOUT = Remedy("In the workflow, let actions/checkout fetch all history:", "fetch-depth: 0")


def _discover(start: Path) -> Repository:
    """The clone that a folder lies in. Raises TaxonomyError for what no checkout of a taxonomy is, NotARepository."""
    repository = Repository.discover(start)
    if repository.bare:
        raise TaxonomyError(f"{repository.root} is a bare repository, and no checkout.", _OTHER)
    if (above := repository.superproject()) is not None:
        raise TaxonomyError(
            f"{repository.root} is a submodule of {above}: its own history would be compared, not what is proposed.",
            _OTHER,
        )
    return repository


_OTHER = Remedy("Name the taxonomy's root, in the repository that was checked out:", "working-directory")
