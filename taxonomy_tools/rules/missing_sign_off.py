"""A commit of the contribution is not signed off by its author.

What it flags
    A commit without a line `Signed-off-by: NAME <EMAIL>` that has its author's name and address, in any case. All
    commits are looked at that the base does not have: up to HEAD for the working tree and the index, else up to
    the head that was named. Merges need no sign-off, nor do the commits of apps (`dependabot[bot]`).

Why
    With this line the author certifies the Developer Certificate of Origin: that the work may be given away under the
    taxonomy's licence. Upstream merges no pull request without it; `Co-authored-by` certifies nothing.

Instead
    git commit --signoff

For example
    git commit --message "Add rhymes"
"""

from collections.abc import Iterable, Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.git import Commit
from taxonomy_tools.rules.base import Finding, quote
from taxonomy_tools.signoff import TRAILER, is_bot, signed_off

CODE = "TX701"
NAME = "missing-sign-off"
SEVERITY = Severity.WARNING
_SHORT_HASH = 7


def check(commits: Iterable[Commit], *, start: str) -> Iterator[Finding]:
    """The commits, the newest first, that lack their sign-off. `start` is the hash of the commit that they began at."""
    for number, commit in enumerate(commits):
        if not is_bot(commit.name) and not signed_off(commit.message, commit.name, commit.email):
            subject = commit.message.strip().partition("\n")[0].strip()
            titled = f" {quote(subject)}" if subject else ""
            missing = quote(f"{TRAILER}: {commit.name} <{commit.email}>", 120)
            last = f"git rebase --signoff {start[:_SHORT_HASH]}"
            yield Finding(
                message=f"commit {commit.oid[:_SHORT_HASH]}{titled} lacks the line {missing}",
                hint=last if number else "git commit --amend --signoff",
            )
