"""A commit of the contribution is not signed off by its author.

What it flags
    A commit without a line `Signed-off-by: NAME <EMAIL>` that has its author's name and address, in any case. All
    commits are looked at that the base does not have: up to HEAD for the working tree and the index, else up to
    the head that was named. Merges need no sign-off, nor do the commits of apps (`dependabot[bot]`, with its address at
    users.noreply.github.com).

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
from taxonomy_tools.signoff import TRAILER, is_bot, is_same, signed_off, trailer_option

CODE = "TX701"
NAME = "missing-sign-off"
SEVERITY = Severity.WARNING
_SHORT_HASH = 7
_LONGEST = 250
"""Characters of a sign-off that is spelled out in a command."""


def check(commits: Iterable[Commit], *, start: str, committer: tuple[str, str] | None = None) -> Iterator[Finding]:
    """The commits, the newest first, that lack their sign-off. `start` is the hash of the commit that they began at.

    `committer` is the name and the e-mail address for which Git would sign off here, None where they are not known.
    """
    for number, commit in enumerate(commits):
        author = (commit.name, commit.email)
        if not is_bot(*author) and not signed_off(commit.message, *author):
            subject = commit.message.strip().partition("\n")[0].strip()
            titled = f" {quote(subject)}" if subject else ""
            line = f"{TRAILER}: {commit.name} <{commit.email}>"
            another = committer is not None and len(line) <= _LONGEST and not is_same(author, committer)
            yield Finding(
                message=f"commit {commit.oid[:_SHORT_HASH]}{titled} lacks the line {quote(line, 120)}",
                hint=_mend(commit, start[:_SHORT_HASH], newest=number == 0, another=another),
            )


def _mend(commit: Commit, start: str, *, newest: bool, another: bool) -> str:
    """The command that adds the line; `another` says that --signoff would add that of somebody else."""
    if another:
        amend = f"git commit --amend --no-edit {trailer_option(commit.name, commit.email)}"
        return amend if newest else f"git rebase --interactive {start}, `edit` this commit, and: {amend}"
    return "git commit --amend --signoff" if newest else f"git rebase --signoff {start}"
