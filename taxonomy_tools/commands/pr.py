"""`taxonomy pr`: the text of the pull request that the commits here would make."""

import os
import sys
from contextlib import ExitStack, suppress
from dataclasses import replace

from taxonomy_tools.cache import open_cache
from taxonomy_tools.commands.known import known
from taxonomy_tools.commands.reporting import announce, ended, fails, noting, unread_files
from taxonomy_tools.diff import ChangeKind
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.plan import Plan, Selection, plan_diff
from taxonomy_tools.reporters import Appearance, stream
from taxonomy_tools.reporters.pull_request import PullRequestReporter, Unverified
from taxonomy_tools.reporters.wording import count
from taxonomy_tools.rules import RULES

_HEAD = "HEAD"


def run(selection: Selection) -> int:
    """Write the text to standard output; gives the exit code of what was found.

    What is compared is a commit, HEAD unless another is named: what is not committed is in no pull request. Raises
    TaxonomyError when the job cannot be done, or when a file could not be read.
    """
    compared = selection if selection.head is not None else replace(selection, head=_HEAD)
    unread: list[str] = []
    with ExitStack() as stack:
        plan = plan_diff(compared, announce=announce)
        cache = stack.enter_context(open_cache(os.environ, announce))
        baseline = known(plan, without=False, write=False, file=None, keeps=False)
        notes = list(plan.notes)
        reports = stack.enter_context(ended(plan.reports(cache=cache, sieve=baseline.sieve)))
        leaves = baseline.noting(noting(reports, unread), notes, unread)
        reporter = PullRequestReporter(sys.stdout, Appearance(), _unverified(plan))
        summary = stream(plan.comparison, leaves, notes, [reporter], contribution=plan.contribution)
    if selection.head is None:
        _tell_what_is_not_committed(selection)
    if unread:
        raise unread_files(unread)
    return int(fails(summary, plan.settled.config.fail_on))


def _unverified(plan: Plan) -> Unverified:
    """What no check has looked at: rules that are switched off for a leaf, and commits without a base."""
    checked = [leaf.path for leaf in plan.leaves if leaf.change is None or leaf.change.kind is not ChangeKind.REMOVED]
    reports = plan.settings.policy.reports
    off = {rule.CODE for rule in RULES if not all(reports(path, rule.CODE) for path in (*checked, ""))}
    commits = "" if plan.comparison.base_commit else "without a base, nothing tells which commits are new"
    return Unverified(off=frozenset(off), commits=commits)


def _tell_what_is_not_committed(selection: Selection) -> None:
    """Say on standard error how many leaves the working tree has otherwise."""
    with suppress(TaxonomyError):  # a bare repository has none
        plan = plan_diff(Selection(taxonomy_path=selection.taxonomy_path, base=_HEAD, direct=True))
        if plan.leaves:
            changes = count(len(plan.leaves), "leaf", "leaves")
            announce(f"Not in this text: {changes} with changes that are not committed.")
