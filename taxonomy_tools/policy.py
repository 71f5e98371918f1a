"""What counts of what was found in a leaf: the configuration's choice of rules and severities, and ignores in files.

Of all that a configuration says of a rule, the most specific counts: its code before its family. Of two that are as
specific, the later override counts, and within one `ignore` before `select`. What could not be opened is told whatever
anybody says, since it was not checked.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias

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

_Key: TypeAlias = tuple[int | None, str]
"""What an ignore covers of one rule: a line of the document (None: what has no line there), and the rule's code."""


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

    What came of them is kept by line and code, not by ignore: a thousand comments may cover a line of a thousand
    findings.
    """

    def __init__(self, ignores: Sequence[Ignore], document: str, *, guarded: bool) -> None:
        self._ignores = ignores
        self._document = document
        self._guarded = guarded
        self._asked = {key for ignore in ignores for code in ignore.codes for key in _covered(ignore, code)}
        self._used: set[_Key] = set()
        self._refused: dict[_Key, str] = {}

    def silences(self, diagnostic: Diagnostic) -> bool:
        """Whether an ignore covers a diagnostic that is in force, and may."""
        has_line = diagnostic.span is not None and diagnostic.file == self._document
        key = (diagnostic.span.line if diagnostic.span and has_line else None, diagnostic.code)
        if key not in self._asked:
            return False
        reason = self._why_not(diagnostic)
        if reason:
            self._refused[key] = reason
        else:
            self._used.add(key)
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
        """What there is to say of the ignores themselves, when all diagnostics are through."""
        for ignore in self._ignores:
            if ignore.mistake:
                yield self._diagnostic(leaf_path, ignore, ignore.mistake, _HOW)
            for code in ignore.codes:
                if code not in _CODES:
                    message = f"there is no rule {code}: `taxonomy rule` lists them"
                    yield self._diagnostic(leaf_path, ignore, message, _removal(ignore, code))
                elif reported(code) and (message := self._why_unused(ignore, code, across=across)):
                    yield self._diagnostic(leaf_path, ignore, message, _removal(ignore, code))

    def _why_unused(self, ignore: Ignore, code: str, *, across: bool) -> str:
        keys = _covered(ignore, code)
        refused = next((self._refused[key] for key in keys if key in self._refused), "")
        if refused or any(key in self._used for key in keys):
            return refused
        if code in _ABOUT_COMMENTS:
            return f"no comment can ignore {code}: the configuration can"
        if code == _ACROSS and not across:
            return ""
        if not keys:
            return f"nothing follows this comment, so it ignores no {code}"
        line = f"on line {ignore.line}" if ignore.line is not None else "here"
        return f"there is no {code} to ignore {line}{' or in the leaf as a whole' if ignore.whole_file else ''}"

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


def _covered(ignore: Ignore, code: str) -> Sequence[_Key]:
    return [
        *([(ignore.line, code)] if ignore.line is not None else []),
        *([(None, code)] if ignore.whole_file else []),
    ]


def _removal(ignore: Ignore, code: str) -> str:
    return "remove the comment" if len(ignore.codes) == 1 else f"remove {code} from the comment"
