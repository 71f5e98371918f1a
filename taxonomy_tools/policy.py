"""What counts of what was found in a leaf: the configuration's choice of rules and severities, and ignores in files.

Of all that a configuration says of a rule, the most specific counts: its code before its family. Of two that are as
specific, the later override counts, and within one `ignore` before `select`. What could not be opened is told whatever
anybody says, since it was not checked.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Self

from taxonomy_tools.config import Config, Override, RuleChoice
from taxonomy_tools.diagnostics import Diagnostic, Severity
from taxonomy_tools.layout import QNA_FILE
from taxonomy_tools.rules import RULES, disabled_yamllint, unused_ignore
from taxonomy_tools.verdict import Ignore

_CODES = frozenset(rule.CODE for rule in RULES)
_UNREADABLE = "TX001"
_ACROSS = "TX502"
_SERIOUS = frozenset({"TX404", "TX507"})
"""What comments cannot silence in CI, besides errors: a licence that is not allowed, and personal data."""
_ABOUT_COMMENTS = frozenset({unused_ignore.CODE, disabled_yamllint.CODE})
_RAISED = frozenset({disabled_yamllint.CODE})
"""What is a warning at least in CI: yamllint obeys its comments there too, errors included, so they are to be seen."""
_HOW = "write `# taxonomy: ignore CODE -- reason`"

_NO_LINE = 0
"""Where what has no line in the document stands: lines are counted from 1."""
_MOST = 100
"""Of so many ignores it is told that they ignore nothing; whoever wrote more has to look at all of them anyway."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What becomes of a rule's findings in a leaf: whether they are reported, and what replaces their severity."""

    reported: bool
    severity: Severity | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a configuration makes of findings. `guarded` is `Config.guarded`."""

    choice: RuleChoice = field(default_factory=RuleChoice)
    overrides: tuple[Override, ...] = ()
    guarded: bool = False
    _known: dict[tuple[tuple[int, ...], str], _Standing] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def of(cls, config: Config) -> Self:
        """The policy of a configuration."""
        return cls(choice=config.choice, overrides=config.overrides, guarded=config.guarded)

    def judge(
        self, leaf_path: str, diagnostics: Iterable[Diagnostic], ignores: Sequence[Ignore], *, across: bool
    ) -> tuple[Diagnostic, ...]:
        """What is in force of a leaf's diagnostics, which have the severities of their rules, in the order of reports.

        Their files, like `leaf_path`, are relative to the taxonomy. `ignores` are those in the leaf's document; what
        ignores nothing becomes a diagnostic of its own. `across` says whether this leaf was compared with all others.
        """
        standing = self._standings(leaf_path)
        raised = map(self._raised, diagnostics) if self.guarded else diagnostics
        in_force = [judged for one in raised if (judged := _judged(one, standing(one.code))) is not None]
        if ignores:
            document = f"{leaf_path}/{QNA_FILE}" if leaf_path else QNA_FILE
            applied = _Applied(ignores, document, guarded=self.guarded)
            in_force = [one for one in in_force if not applied.silences(one)]
            for found in applied.unused(leaf_path, reported=lambda code: standing(code).reported, across=across):
                judged = _judged(found, standing(found.code))
                in_force += [judged] if judged is not None else []
        return tuple(sorted(in_force, key=lambda one: one.sort_key))

    def reports(self, leaf_path: str, code: str) -> bool:
        """Whether findings of a rule are reported for a leaf, unless a comment there says otherwise."""
        return self._standings(leaf_path)(code).reported

    def _raised(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with the severity that its rule has in CI, which the configuration may still replace."""
        if diagnostic.code in _RAISED and diagnostic.severity.rank < Severity.WARNING.rank:
            return replace(diagnostic, severity=Severity.WARNING)
        return diagnostic

    def _standings(self, leaf_path: str) -> Callable[[str], _Standing]:
        """What becomes of each rule's findings in a leaf, by the rule's code."""
        matching = tuple(number for number, override in enumerate(self.overrides) if override.matches(leaf_path))

        def of(code: str) -> _Standing:
            standing = self._known.get((matching, code))
            if standing is None:
                choices = [self.choice, *(self.overrides[number].choice for number in matching)]
                standing = self._known[matching, code] = _standing(code, choices)
            return standing

        return of


def is_unopened(diagnostic: Diagnostic) -> bool:
    """Whether a diagnostic says that a file could not be opened: it was not checked, as one that is no UTF-8 was."""
    return diagnostic.code == _UNREADABLE and diagnostic.span is None


def _standing(code: str, choices: Sequence[RuleChoice]) -> _Standing:
    """What choices, from the first that counts least on, make of a rule."""
    mentions = [
        (len(name), number, selected)
        for number, choice in enumerate(choices)
        for selected, names in ((True, choice.select), (False, choice.ignore))
        for name in names
        if code.startswith(name)
    ]
    reported = max(mentions, key=lambda it: (it[0], it[1], not it[2]))[2] if mentions else not choices[0].select
    severities = [
        (len(name), number, severity)
        for number, choice in enumerate(choices)
        for name, severity in choice.severity
        if code.startswith(name)
    ]
    severity = max(severities, key=lambda it: it[:2])[2] if severities else None
    return _Standing(reported and severity is not Severity.OFF, severity)


def _judged(diagnostic: Diagnostic, standing: _Standing) -> Diagnostic | None:
    """The diagnostic with the severity that is in force, None if none is."""
    if is_unopened(diagnostic):
        return diagnostic
    if not standing.reported or (standing.severity or diagnostic.severity) is Severity.OFF:
        return None
    if standing.severity in (None, diagnostic.severity):
        return diagnostic
    return replace(diagnostic, severity=standing.severity)


class _Applied:
    """The ignores of a document at work: what they silence, and which had nothing to do.

    What came of them is kept by code and line, not by ignore: a thousand comments may cover a line of a thousand
    findings, and each a thousand lines.
    """

    def __init__(self, ignores: Sequence[Ignore], document: str, *, guarded: bool) -> None:
        self._ignores = ignores
        self._document = document
        self._guarded = guarded
        asked: defaultdict[str, list[range]] = defaultdict(list)
        for ignore in ignores:
            for code in ignore.codes:
                asked[code] += _covered(ignore)
        self._asked = {code: _Stretches(stretches) for code, stretches in asked.items()}
        self._used: defaultdict[str, set[int]] = defaultdict(set)
        self._refused: defaultdict[str, dict[int, str]] = defaultdict(dict)

    def silences(self, diagnostic: Diagnostic) -> bool:
        """Whether an ignore covers a diagnostic that is in force, and may."""
        has_line = diagnostic.span is not None and diagnostic.file == self._document
        line, code = diagnostic.span.line if diagnostic.span and has_line else _NO_LINE, diagnostic.code
        if code not in self._asked or line not in self._asked[code]:
            return False
        reason = self._why_not(diagnostic)
        if reason:
            self._refused[code][line] = reason
        else:
            self._used[code].add(line)
        return not reason

    def _why_not(self, diagnostic: Diagnostic) -> str:
        """Why no comment may silence a diagnostic; empty where one may."""
        code = diagnostic.code
        if code in _ABOUT_COMMENTS:
            return f"no comment can ignore {code}: the configuration can"
        if is_unopened(diagnostic):
            return f"no comment can ignore {code}: a file that could not be opened was not checked"
        if self._guarded and diagnostic.severity is Severity.ERROR:
            return f"{code} is an error here, and in CI no comment can ignore errors"
        if self._guarded and code in _SERIOUS:
            return f"in CI no comment can ignore {code}"
        return ""

    def unused(self, leaf_path: str, *, reported: Callable[[str], bool], across: bool) -> Iterator[Diagnostic]:
        """What there is to say of the ignores themselves when all diagnostics are through, up to a number."""
        told = list(self._unused(reported, across=across))
        for ignore, message, hint in told[:_MOST]:
            yield self._diagnostic(leaf_path, ignore, message, hint)
        if len(told) > _MOST:
            message = f"{len(told) - _MOST:,} more of what comments ask for, from here on, ignore nothing or may not"
            yield self._diagnostic(leaf_path, told[_MOST][0], message, "remove what is not needed from the comments")

    def _unused(self, reported: Callable[[str], bool], *, across: bool) -> Iterator[tuple[Ignore, str, str]]:
        """The ignores that something is to be said of, that, and the hint."""
        used = {code: sorted(lines) for code, lines in self._used.items()}
        refused = {code: sorted(lines) for code, lines in self._refused.items()}
        for ignore in self._ignores:
            if ignore.mistake:
                yield ignore, ignore.mistake, _HOW
            for code in ignore.codes:
                if code not in _CODES:
                    yield ignore, f"there is no rule {code}: `taxonomy rule` lists them", _removal(ignore, code)
                    continue
                line = _first_in(_covered(ignore), refused.get(code, ()))
                if line is not None:
                    message = self._refused[code][line]
                elif _first_in(_covered(ignore), used.get(code, ())) is not None:
                    continue
                else:
                    message = _why_unused(ignore, code, across=across)
                if message and reported(code):
                    yield ignore, message, _removal(ignore, code)

    def _diagnostic(self, leaf_path: str, ignore: Ignore, message: str, hint: str) -> Diagnostic:
        return Diagnostic(
            code=unused_ignore.CODE,
            name=unused_ignore.NAME,
            severity=unused_ignore.SEVERITY,
            message=message,
            leaf=leaf_path,
            file=self._document,
            span=ignore.span,
            hint=hint,
            frame=ignore.frame,
        )


class _Stretches:
    """Stretches of lines, to be asked whether a line lies in any of them."""

    def __init__(self, stretches: Iterable[range]) -> None:
        ordered = sorted(stretches, key=lambda stretch: stretch.start)
        self._starts = [stretch.start for stretch in ordered]
        self._stops = list(accumulate((stretch.stop for stretch in ordered), max))

    def __contains__(self, line: int) -> bool:
        place = bisect_right(self._starts, line)
        return place > 0 and line < self._stops[place - 1]


def _first_in(stretches: Iterable[range], lines: Sequence[int]) -> int | None:
    """The first of the lines, which are sorted, that lies in one of the stretches."""
    for stretch in stretches:
        place = bisect_left(lines, stretch.start)
        if place < len(lines) and lines[place] < stretch.stop:
            return lines[place]
    return None


def _covered(ignore: Ignore) -> Sequence[range]:
    """The stretches of lines that an ignore covers; what has no line stands on none that there is."""
    whole = [range(_NO_LINE, _NO_LINE + 1)] if ignore.whole_file else []
    return [*([ignore.lines] if ignore.lines else []), *whole]


def _why_unused(ignore: Ignore, code: str, *, across: bool) -> str:
    """What to say of an ignore that had nothing to do; empty if that cannot be known."""
    if code in _ABOUT_COMMENTS:
        return f"no comment can ignore {code}: the configuration can"
    if code == _ACROSS and not across:
        return ""
    lines = ignore.lines
    if not lines and not ignore.whole_file:
        return f"nothing follows this comment, so it ignores no {code}"
    where = f"on lines {lines[0]} to {lines[-1]}" if len(lines) > 1 else f"on line {lines[0]}" if lines else "here"
    return f"there is no {code} to ignore {where}{' or in the leaf as a whole' if ignore.whole_file else ''}"


def _removal(ignore: Ignore, code: str) -> str:
    return "remove the comment" if len(ignore.codes) == 1 else f"remove {code} from the comment"
