"""`taxonomy check`: the given leaves, or all of them, validated."""

from taxonomy_tools.commands.reporting import Options, announce, report
from taxonomy_tools.plan import Selection, plan_check


def run(selection: Selection, options: Options) -> int:
    """Check and report; gives the exit code. Raises TaxonomyError when the job cannot be done."""
    return report(lambda rules: plan_check(selection, lint_rules=rules, announce=announce), options)
