"""A repository on GitHub with a pull request, and clones of it as actions/checkout makes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.command import leaf, skill
from tests.repository import Repo

DEFAULT = "main"
SUMS = "compositional_skills/arithmetic/sums"
FINE = "compositional_skills/arithmetic/fine"
WRONG = "compositional_skills/arithmetic/wrong"
OTHERS = "compositional_skills/arithmetic/others"
PROPOSED = [FINE, WRONG]
"""The leaves that the pull request adds."""


@dataclass(frozen=True, kw_only=True)
class Hosted:
    """A repository whose `main` went on after a pull request's branch had left it.

    The hashes: `base` is the tip of main, `fork` where the branch left, `tip` the branch's, `merge` GitHub's own merge
    of both. `root` is the folder of the taxonomy.
    """

    repo: Repo
    base: str
    fork: str
    tip: str
    merge: str
    root: str = ""

    @classmethod
    def make(cls, path: Path, *, proposed: Mapping[str, str | bytes] | None = None, root: str = "") -> "Hosted":
        """Make one. The pull request adds the leaves PROPOSED in two commits, or these files in one."""
        repo = Repo.init(path, branch=DEFAULT).served()
        below = f"{root}/" if root else ""
        repo.commit(_below(below, leaf(SUMS)), message="the first leaf")
        for number in range(4):
            repo.commit({f"notes/{number}.md": "A note.\n"}, message=f"note {number}")
        fork = repo.head
        repo.branch("proposal")
        if proposed is None:
            repo.commit(_below(below, leaf(FINE)), message="a leaf")
            repo.commit(_below(below, leaf(WRONG, skill(answer="No"))), message="another")
        else:
            repo.commit(proposed, message="a proposal")
        tip = repo.head
        repo.git("checkout", "--quiet", DEFAULT)
        repo.commit(_below(below, leaf(OTHERS)), message="somebody else's leaf")
        base = repo.head
        repo.git("checkout", "--quiet", "--detach")
        repo.git("merge", "--quiet", "--no-ff", "-m", "Merge", tip)
        merge = repo.head
        repo.git("checkout", "--quiet", DEFAULT)
        repo.git("update-ref", "refs/pull/1/merge", merge)
        return cls(repo=repo, base=base, fork=fork, tip=tip, merge=merge, root=root)

    def event(self, **more: object) -> dict[str, object]:
        """An event with what all of them have in common."""
        return {"repository": {"default_branch": DEFAULT, "full_name": "taxonomies/example"}, **more}

    def pull_request(self, *, fork: bool = False) -> dict[str, object]:
        """The event of the pull request; of a fork, its head is of another repository."""
        name = "somebody/example" if fork else "taxonomies/example"
        head = {"sha": self.tip, "ref": "proposal", "repo": {"full_name": name, "fork": fork}}
        # The base's sha is stale, as GitHub's can be.
        base = {"sha": self.fork, "ref": DEFAULT}
        return self.event(number=1, pull_request={"head": head, "base": base, "commits": 2})

    def push(self, before: str, after: str, branch: str = DEFAULT, **more: object) -> dict[str, object]:
        """The event of a push."""
        return self.event(ref=f"refs/heads/{branch}", before=before, after=after, commits=[], **more)


def _below(folder: str, files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    return {f"{folder}{path}": content for path, content in files.items()}


def check_out(hosted: Hosted, path: Path, commit: str, *, ref: str, depth: int) -> Repo:
    """A clone as actions/checkout makes it: of one commit, with so much of its history, or (0) of everything.

    `ref` is `main`, any other branch, or `pull/1/merge`, whose name the clone then does not have.
    """
    clone = Repo.init(path)
    clone.git("remote", "add", "origin", hosted.repo.path.resolve().as_uri())
    local = f"refs/remotes/{ref}" if ref.startswith("pull/") else f"refs/remotes/origin/{ref}"
    all_branches = "+refs/heads/*:refs/remotes/origin/*"
    one = f"+{commit}:{local}"
    depth_option = [f"--depth={depth}"] if depth else []
    wanted = [one] if depth else [all_branches, *([one] if ref.startswith("pull/") else [])]
    clone.git("fetch", "--no-tags", "--prune", "--quiet", *depth_option, "origin", *wanted)
    if ref.startswith("pull/"):
        clone.git("checkout", "--quiet", "--force", local)
    else:
        clone.git("checkout", "--quiet", "--force", "-B", ref, local)
    return clone


def depth_of(clone: Repo) -> int:
    """How many commits the clone has."""
    return int(clone.ask("rev-list", "--count", "--all", "HEAD"))
