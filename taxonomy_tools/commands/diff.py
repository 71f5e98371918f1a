"""`taxonomy diff`: the leaves that changed against the base, validated."""

from taxonomy_tools.commands.reporting import Options, announce, report
from taxonomy_tools.plan import Selection, plan_diff


def run(selection: Selection, options: Options) -> int:
    """Compare, check and report; gives the exit code. Raises TaxonomyError when the job cannot be done."""
    return report(lambda: plan_diff(selection, given=options.given, announce=announce), options)
