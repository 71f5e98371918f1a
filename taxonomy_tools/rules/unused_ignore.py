"""A comment asks to ignore what is not there, or what it may not.

What it flags
    A comment `# taxonomy: ignore CODE` whose code names a rule that finds nothing on the lines that the comment covers
    (a line, and all of a text that begins there), or no rule at all; one that is not written as it must be; and one
    that no comment may silence: this rule, TX203, a file that could not be opened, and, in CI against a base, errors,
    TX404 and TX507. Codes that the configuration has switched off are not told, nor TX502 where only changed leaves are
    compared. Of more than 100 in a leaf, the rest are counted.

Why
    An ignore that is no longer needed hides the next mistake on its line; one that was mistyped never hid any.

Instead
    version: 3

For example
    version: 3  # taxonomy: ignore TX505
"""

from taxonomy_tools.diagnostics import Severity

CODE = "TX202"
NAME = "unused-ignore"
SEVERITY = Severity.WARNING
