"""The command line: what can be asked.

Arguments are parsed here; the work is done in `commands`, which are imported only when they are called: a hook is run
on every commit, and imports are most of what a small run costs.
"""

import os
import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from taxonomy_tools import __version__
from taxonomy_tools.boundary import in_bounds
from taxonomy_tools.diagnostics import Severity

if TYPE_CHECKING:
    from taxonomy_tools.settle import Given

FORMATS = ("text", "json", "jsonl", "github", "sarif", "junit", "markdown", "gitlab")
SCHEMAS = ("compositional_skills", "knowledge", "report", "config", "baseline", "manifest")
FAIL_ON = (*(severity.value for severity in Severity if severity is not Severity.OFF), "never")

SAMPLE_FORMATS = ("messages", "alpaca", "sharegpt", "ilab")

_STDOUT = Path("-")
_DURATION = re.compile(r"(?:([0-9]+(?:\.[0-9]+)?)h)?(?:([0-9]+(?:\.[0-9]+)?)m)?(?:([0-9]+(?:\.[0-9]+)?)s?)?")
_MOST_PARALLEL = 10_000
_ITS_PLACE = Path(os.curdir)
"""What --write-baseline gets where it gets no file."""


# --- how things are declared


class _Path(click.Path):
    """A path, as it was typed. An empty one comes from a variable that is not set, and would mean the folder here."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what is empty."""
        if not os.fspath(value):
            self.fail("the path is empty.", param, ctx)
        return super().convert(value, param, ctx)


class _Option(click.Option):
    """An option that stands under a heading of the help."""

    def __init__(self, *arguments: Any, heading: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.heading = heading


class _Command(click.Command):
    """A command whose help has options that belong together under one heading."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, heading by heading, in the order of their declaration."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections.setdefault(getattr(parameter, "heading", "Other options"), []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def _parallel(value: str) -> int:
    """A number of requests; 0 for `auto`."""
    if value == "auto":
        return 0
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:6]) <= _MOST_PARALLEL):
        raise click.BadParameter(f"{value!r} is neither auto nor a number from 1 to {_MOST_PARALLEL:,}.")
    return int(value)


def _duration(value: str) -> float:
    """A time as people write it (`90s`, `30m`, `2h`, `1h30m`), in seconds."""
    found = _DURATION.fullmatch(value.strip())
    hours, minutes, seconds = (float(part or 0) for part in found.groups()) if found else (0.0, 0.0, 0.0)
    total = hours * 3600 + minutes * 60 + seconds
    if not total:
        raise click.BadParameter(f"{value!r} is no time: write 90s, 30m, 2h or 1h30m.")
    return total


class _Generating(_Command):
    """The command that generates: refuses what contradicts itself."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, and split what has commas."""
        rest = super().parse_args(ctx, args)
        values = ctx.params
        named = [part.strip() for text in values["formats"] for part in text.split(",")]
        for name in named:
            if name not in SAMPLE_FORMATS:
                raise click.UsageError(f"{name!r} is no format of samples: they are {', '.join(SAMPLE_FORMATS)}.", ctx)
        values["formats"] = tuple(dict.fromkeys(named))
        if values["samples_per_leaf"] and values["num_instructions"]:
            raise click.UsageError(
                "--samples-per-leaf and --num-instructions each say how much: give one of them.", ctx
            )
        if values["staged"] and values["head"] is not None:
            raise click.UsageError("--staged and --head each name a side to look at: give one of them.", ctx)
        if values["refilter"] is not None and (values["paths"] or values["dry_run"]):
            other = "LEAFs" if values["paths"] else "--dry-run"
            raise click.UsageError(f"--refilter goes by a run that is there: it cannot go with {other}.", ctx)
        return rest


class _Reporting(_Command):
    """A command that reports: each `--output FILE` belongs to the format before it, or, before all, to the first."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, pair formats with files, and refuse what contradicts itself."""
        order = self.make_parser(ctx).parse_args(list(args))[2] if not ctx.resilient_parsing else []
        rest = super().parse_args(ctx, args)
        formats, files = ctx.params.pop("output_format") or (), ctx.params.pop("output") or ()
        ctx.params["outputs"] = _outputs([parameter.name for parameter in order], formats, files, ctx)
        if ctx.params["staged"] and ctx.params["head"] is not None:
            raise click.UsageError("--staged and --head each name a side to look at: give one of them.", ctx)
        named = {parameter.name for parameter in order}
        if message := _wrong_fix(ctx.params, named) or _wrong_baseline(ctx.params) or _wrong_stdin(ctx.params):
            raise click.UsageError(message, ctx)
        return rest


def _outputs(
    order: Sequence[str | None], formats: Sequence[str], files: Sequence[Path], ctx: click.Context
) -> list[tuple[str, Path | None]]:
    """Each format with its file, None for standard output."""
    pairs = _pairs(order, formats, files, ctx)
    outputs = [(name, None if file in (None, _STDOUT) else file) for name, file in pairs or [(FORMATS[0], None)]]
    places = [None if file is None else os.path.abspath(file) for _, file in outputs]
    if places.count(None) > 1:
        raise click.UsageError("Only one format can go to standard output: give the others an --output FILE.", ctx)
    if len(set(places)) < len(places):
        raise click.UsageError("Two formats cannot go to one file: give each an --output FILE of its own.", ctx)
    return outputs


def _wrong_fix(values: Mapping[str, Any], named: Collection[str | None]) -> str:
    """What contradicts itself in how fixes were asked for, given all values and the options that were there."""
    if values["fix"] and (values["staged"] or values["head"] is not None):
        return "--fix mends files of the working tree: it cannot go with --staged or --head."
    if values["dry_run"] and not values["fix"]:
        return "--dry-run shows what --fix would do: give both."
    if values["dry_run"] and not {"output_format", "output"}.isdisjoint(named):
        return "--dry-run prints a patch and no report: leave out --output-format and --output."
    return ""


def _wrong_baseline(values: Mapping[str, Any]) -> str:
    """What contradicts itself in what was asked for about the baseline."""
    file: Path | None = values.get("write_baseline")
    if file is None:
        return ""
    if values["no_baseline"] or values["dry_run"]:
        return f"--write-baseline cannot go with {'--no-baseline' if values['no_baseline'] else '--dry-run'}."
    if file != _ITS_PLACE and file.is_dir():
        return f"--write-baseline takes a file, and {file} is a folder: put PATHs before it."
    return ""


def _wrong_stdin(values: Mapping[str, Any]) -> str:
    """What contradicts itself in what was asked for about a file that is not saved."""
    if values.get("stdin_filename") is None:
        return ""
    others = ("staged", "head", "paths", "fix", "write_baseline")
    other = next((name for name in others if values.get(name)), None)
    if other is None:
        return ""
    called = "PATHs" if other == "paths" else f"--{other.replace('_', '-')}"
    return f"--stdin-filename looks at one file that is not saved yet: it cannot go with {called}."


def _pairs(
    order: Sequence[str | None], formats: Sequence[str], files: Sequence[Path], ctx: click.Context
) -> list[tuple[str, Path | None]]:
    """Each format with what was given as its file. `order` are the names of the options, as they came."""
    names, places = iter(formats), iter(files)
    pairs: list[tuple[str, Path | None]] = []
    first: Path | None = None  # a file that came before any format
    for option in order:
        if option == "output_format":
            pairs.append((next(names), first))
            first = None
        elif option == "output":
            if first is not None or (pairs and pairs[-1][1] is not None):
                raise click.UsageError("Two --output for one --output-format: give each file its own format.", ctx)
            if pairs:
                pairs[-1] = (pairs[-1][0], next(places))
            else:
                first = next(places)
    return pairs if first is None else [(FORMATS[0], first)]


def _options(*options: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _option(*names: str, heading: str, **options: Any) -> Callable[..., Any]:
    return click.option(*names, cls=_Option, heading=heading, **options)


_LOOK, _VALIDATE, _REPORT, _EXIT = "What to look at", "How to validate", "What to report", "When to fail"
_MEND, _RULES = "What to mend", "What to go by"
_ASK, _MUCH, _SORT_OUT, _WRITE = "Whom to ask, and how", "How much", "What to sort out", "What to write"
_WHERE, _KNOWN, _SETTING_UP = "Where it is to be", "What is known of it", "How to set it up"

_taxonomy_path = _option(
    "-C",
    "--taxonomy-path",
    heading=_LOOK,
    type=_Path(),
    help="The taxonomy's root (it may be a folder inside a larger repository), or one leaf file. Default: the "
    "repository's root.",
)
_base = _option(
    "--base",
    "--taxonomy-base",
    heading=_LOOK,
    metavar="REF",
    help="What to compare with; `empty` takes every leaf as added. Default: the branch of upstream or origin, unless "
    "TAXONOMY_BASE, a hook or the CI run names another.",
)
_direct = _option(
    "--direct", heading=_LOOK, is_flag=True, help="Compare with the base itself, not with the merge base."
)
_source_options = _options(
    _option("--staged", heading=_LOOK, is_flag=True, help="Look at the index, not at the working tree."),
    _option("--head", heading=_LOOK, metavar="REF", help="Look at a commit, not at the working tree."),
)
_rule_options = _options(
    _option(
        "--config",
        heading=_RULES,
        type=_Path(),
        metavar="FILE",
        help="A configuration to read in place of .taxonomy-tools.yaml at the taxonomy's root.",
    ),
    _option("--no-config", "without_config", heading=_RULES, is_flag=True, help="Read no configuration."),
    _option(
        "--select",
        heading=_RULES,
        multiple=True,
        metavar="CODES",
        help="Report these rules alone, by code (TX505) or family (TX5). Repeat it, or put commas between.",
    ),
    _option("--ignore", heading=_RULES, multiple=True, metavar="CODES", help="Do not report these rules."),
    _option(
        "--severity",
        heading=_RULES,
        multiple=True,
        metavar="CODE=LEVEL",
        help="Take findings of a rule or a family for an error, warning or info; or off.",
    ),
    _option(
        "--schema-version",
        heading=_RULES,
        metavar="VERSION",
        help="The version that leaves must follow: document (that which each names, the default), latest or a number.",
    ),
    _option(
        "--yaml-rules",
        heading=_RULES,
        type=_Path(),
        metavar="FILE",
        help="A yamllint configuration. Default: relaxed, with lines of any length.",
    ),
)
_config_options = _options(
    _rule_options,
    _option(
        "--fail-on",
        heading=_EXIT,
        type=click.Choice(FAIL_ON),
        help="Exit with 1 if a finding is as severe as this. Default: error.",
    ),
)
_report_options = _options(
    _config_options,
    _option(
        "--jobs",
        heading=_VALIDATE,
        type=click.IntRange(min=1),
        metavar="N",
        help="Work in so many processes. Default: one a core, and one for a handful of leaves.",
    ),
    _option(
        "--no-cache",
        heading=_VALIDATE,
        is_flag=True,
        help="Neither use nor keep what was found in leaves that have not changed since.",
    ),
    _option(
        "--fix",
        heading=_MEND,
        is_flag=True,
        help="Mend in the working tree what can be mended without a change of meaning, then report what remains.",
    ),
    _option(
        "--dry-run",
        heading=_MEND,
        is_flag=True,
        help="With --fix: print what it would do as a patch for `git apply`, and write nothing. Of the findings as "
        "they are now, only the counts are told, on standard error, and the exit code.",
    ),
    _option(
        "--output-format",
        heading=_REPORT,
        multiple=True,
        type=click.Choice(FORMATS),
        help="text (for people, the default), json (one document), jsonl (a line a leaf as it is done), github "
        "(annotations), sarif (code scanning), junit (test reports), markdown (a summary or a comment) or gitlab (code "
        "quality). Repeat it for several at once, each with its --output.",
    ),
    _option(
        "--output",
        heading=_REPORT,
        multiple=True,
        type=_Path(dir_okay=False, allow_dash=True),
        metavar="FILE",
        help="Where the format before it goes. Default: standard output, which is also `-`.",
    ),
    _option(
        "--no-baseline",
        heading=_RULES,
        is_flag=True,
        help="Report also what the baseline holds.",
    ),
    _option("-q", "--quiet", heading=_REPORT, is_flag=True, help="Say nothing of what is well."),
    _option("--fail-if-empty", heading=_EXIT, is_flag=True, help="Exit with 1 if there is no leaf to check."),
)
_paths = click.argument("paths", nargs=-1, type=_Path(), metavar="[PATH]...")
_SETTINGS = {"help_option_names": ["-h", "--help"]}
_EXIT_CODES = (
    "Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 wrong use or the job could not be done, 130 "
    "interrupted."
)


def _given(options: dict[str, Any]) -> "Given":
    """What the options say of the configuration; they are taken out of the others."""
    from taxonomy_tools.settle import Given

    return Given(**{parameter: options.pop(parameter) for parameter in Given.__dataclass_fields__})


class _Group(click.Group):
    """Commands in the order in which a newcomer meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The order of definition."""
        return list(self.commands)


_version = click.version_option(__version__, prog_name="taxonomy-tools")


# --- the commands


@click.group(cls=_Group, context_settings=_SETTINGS, epilog=_EXIT_CODES)
@_version
def cli() -> None:
    """Validate training taxonomies: what changed in one, and what is wrong with it, at the line and column.

    A taxonomy is a Git repository of leaf nodes: folders with a qna.yaml and an attribution.txt.
    """


@cli.command(
    "diff",
    cls=_Reporting,
    context_settings=_SETTINGS,
    epilog=_EXIT_CODES,
    short_help="Which leaves changed, and what is wrong with them.",
)
@_taxonomy_path
@_base
@_direct
@_source_options
@_report_options
@_version
@_paths
def diff_command(
    *,
    taxonomy_path: Path | None,
    base: str | None,
    direct: bool,
    staged: bool,
    head: str | None,
    paths: tuple[Path, ...],
    **options: Any,
) -> int:
    """Show which leaves changed against the base, what changed in each, and what is wrong with them.

    What changed is what you have (commits, index, working tree and new files) against its merge base with upstream.
    With PATHs, only the leaves at and below them are shown.
    """
    from taxonomy_tools.commands import diff
    from taxonomy_tools.commands.reporting import Options
    from taxonomy_tools.plan import Selection

    selection = Selection(taxonomy_path=taxonomy_path, paths=paths, base=base, head=head, staged=staged, direct=direct)
    return diff.run(selection, Options(given=_given(options), **options))


@cli.command(
    "check",
    cls=_Reporting,
    context_settings=_SETTINGS,
    epilog=_EXIT_CODES,
    short_help="What is wrong with leaves, changed or not.",
)
@_taxonomy_path
@_source_options
@_option(
    "--stdin-filename",
    heading=_LOOK,
    type=_Path(),
    metavar="PATH",
    help="Check the leaf of this file with what comes from standard input in its place: for editors, before saving.",
)
@_report_options
@_option(
    "--write-baseline",
    heading=_RULES,
    is_flag=False,
    flag_value=os.curdir,
    type=_Path(),
    metavar="[FILE]",
    help="Make all that is found the baseline, which is not reported from then on. Default: .taxonomy-baseline.json at "
    "the taxonomy's root, or the configuration's `baseline`.",
)
@_paths
def check_command(
    *,
    taxonomy_path: Path | None,
    staged: bool,
    head: str | None,
    stdin_filename: Path | None,
    write_baseline: Path | None,
    paths: tuple[Path, ...],
    touched: tuple[str, ...] | None = None,
    **options: Any,
) -> int:
    """Validate leaves, changed or not: those at and below each PATH, or all of them.

    Nothing is compared, so no repository is needed. What is gone of the baseline is removed from it.
    """
    from taxonomy_tools.commands import check
    from taxonomy_tools.commands.reporting import Options
    from taxonomy_tools.plan import Selection

    selection = Selection(taxonomy_path=taxonomy_path, paths=paths, head=head, staged=staged, touched=touched)
    if stdin_filename is not None:
        selection = check.unsaved(selection, stdin_filename)
    return check.run(
        selection,
        Options(
            given=_given(options),
            write_baseline=write_baseline is not None,
            baseline_file=None if write_baseline == _ITS_PLACE else write_baseline,
            keep_baseline=True,
            **options,
        ),
    )


@cli.command(
    "init",
    cls=_Command,
    context_settings=_SETTINGS,
    epilog="Exit codes: 0 all is there, 2 wrong use or a file cannot be written, 130 interrupted.",
    short_help="Set a taxonomy repository up: hooks, workflow, configuration, editor.",
)
@_option(
    "-C",
    "--taxonomy-path",
    heading=_WHERE,
    type=_Path(),
    help="The taxonomy's root (it may be a folder inside a larger repository). Default: the repository's root.",
)
@_option(
    "--tools",
    heading=_SETTING_UP,
    metavar="URL",
    help="The Git repository that hooks and workflow take taxonomy-tools from. Default: where it was installed from; "
    "if that is none, hooks run what is installed, and there is no workflow.",
)
@_option(
    "--tools-rev", heading=_SETTING_UP, metavar="REV", help="The tag or commit of it. Default: this version's tag."
)
@_option("--dry-run", heading=_SETTING_UP, is_flag=True, help="Show what it would write, and write nothing.")
@_option("-y", "--yes", heading=_SETTING_UP, is_flag=True, help="Do not ask, also on a terminal.")
def init_command(
    *, taxonomy_path: Path | None, tools: str | None, tools_rev: str | None, dry_run: bool, yes: bool
) -> int:
    """Set a taxonomy repository up: the hooks, the workflow, the configuration, and the schemas for your editor.

    It shows what it writes. What is there already is never touched; what it may lack is said.
    """
    from taxonomy_tools.commands import init
    from taxonomy_tools.setup import Tools

    if tools_rev is not None and not tools:
        raise click.UsageError("--tools-rev names a commit of --tools: give both.")
    named = None if not tools else Tools(url=tools, rev=tools_rev) if tools_rev else Tools(url=tools)
    return init.run(init.Wish(taxonomy_path=taxonomy_path, tools=named, dry_run=dry_run, sure=yes))


@cli.command(
    "new",
    cls=_Command,
    context_settings=_SETTINGS,
    epilog="Exit codes: 0 the leaf is written, 2 wrong use or it cannot be there, 130 interrupted.",
    short_help="A new leaf, ready to fill in.",
)
@_option(
    "-C",
    "--taxonomy-path",
    heading=_WHERE,
    type=_Path(),
    help="The taxonomy's root (it may be a folder inside a larger repository). Default: the repository's root.",
)
@_option(
    "--kind",
    heading=_WHERE,
    type=click.Choice(("freeform", "grounded", "knowledge")),
    help="What the leaf teaches, where its path does not tell.",
)
@_option(
    "--from",
    "source",
    heading=_KNOWN,
    type=_Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="A prepared qna.yaml, which is taken as it is; `-` is standard input.",
)
@_option(
    "--created-by",
    heading=_KNOWN,
    metavar="USER",
    help="Your user name on GitHub. Default: what Git's config says (github.user, user.email, user.name), or gh's.",
)
@_option("--task-description", heading=_KNOWN, metavar="TEXT", help="What a skill teaches, in a sentence.")
@_option("--domain", heading=_KNOWN, metavar="TEXT", help="The field that knowledge belongs to.")
@_option("--document-outline", heading=_KNOWN, metavar="TEXT", help="What the document of knowledge is about.")
@_option("--document-repo", heading=_KNOWN, metavar="URL", help="The Git repository that holds the document.")
@_option("--document-commit", heading=_KNOWN, metavar="HASH", help="The commit that holds it, all 40 digits.")
@_option(
    "--document-pattern",
    heading=_KNOWN,
    multiple=True,
    metavar="PATTERN",
    help="Its files: a path, or a pattern like *.md. Repeat it for several.",
)
@_option("--title", heading=_KNOWN, metavar="TEXT", help="For attribution.txt: the title of the work.")
@_option("--link", heading=_KNOWN, metavar="URL", help="For attribution.txt: the address of the work.")
@_option("--revision", heading=_KNOWN, metavar="TEXT", help="For attribution.txt: the revision of the work.")
@_option("--license", heading=_KNOWN, metavar="SPDX", help="For attribution.txt: the licence, as an SPDX identifier.")
@_option("--creator", heading=_KNOWN, metavar="TEXT", help="For attribution.txt: who made the work.")
@_option("--no-input", heading=_KNOWN, is_flag=True, help="Ask nothing, also on a terminal.")
@click.argument("path", type=_Path())
def new_command(
    *,
    path: Path,
    taxonomy_path: Path | None,
    kind: str | None,
    source: Path | None,
    no_input: bool,
    document_pattern: tuple[str, ...],
    **said: str | None,
) -> int:
    """Write a new leaf at PATH, below one of the taxonomy's folders: its qna.yaml and its attribution.txt.

    They hold what is known already and gaps for all else. On a terminal, you are asked for some of it. Nothing is
    overwritten; what is still to be written is listed at the end, and `taxonomy check` passes once it is there.
    """
    from taxonomy_tools.attribution import Field
    from taxonomy_tools.commands import new
    from taxonomy_tools.template import Known

    known = Known(
        created_by=said["created_by"] or "",
        task_description=said["task_description"] or "",
        domain=said["domain"] or "",
        document_outline=said["document_outline"] or "",
        repo=said["document_repo"] or "",
        commit=said["document_commit"] or "",
        patterns=document_pattern,
    )
    return new.run(
        new.Wish(
            path=path,
            taxonomy_path=taxonomy_path,
            kind=kind,
            source=source,
            known=known,
            attribution={one: text for one in Field if (text := said[one.name.lower()])},
            ask=not no_input,
        )
    )


@cli.command(
    "config", cls=_Command, context_settings=_SETTINGS, short_help="What is in force, and where each value comes from."
)
@_taxonomy_path
@_config_options
@_option(
    "--output-format",
    heading=_REPORT,
    type=click.Choice(("text", "json")),
    default="text",
    help="text (for people, the default) or json.",
)
def config_command(*, taxonomy_path: Path | None, output_format: str, **options: Any) -> int:
    """Show the configuration in force, and where each value comes from.

    The command line counts before the environment, that before the file .taxonomy-tools.yaml at the taxonomy's root,
    and that before the defaults. In CI, the file is that of the base. `taxonomy schema config` says what can stand in
    it.
    """
    from taxonomy_tools.commands import config

    return config.run(taxonomy_path, _given(options), as_json=output_format == "json")


@cli.command(
    "migrate",
    cls=_Command,
    context_settings=_SETTINGS,
    epilog="Exit codes: 0 nothing is left for a person, 1 something is, 2 wrong use or the job could not be done.",
    short_help="Lift leaves of version 1 and 2 to version 3.",
)
@_taxonomy_path
@_option(
    "--dry-run",
    heading=_MEND,
    is_flag=True,
    help="Print what it would do as a patch for `git apply`, and write nothing.",
)
@_paths
def migrate_command(*, taxonomy_path: Path | None, dry_run: bool, paths: tuple[Path, ...]) -> int:
    """Lift leaves of version 1 and 2, at and below each PATH or all of them, to version 3 in the working tree.

    Comments and style stay. What needs a person, such as more seed examples, is marked by a comment in place, listed,
    and never made up. Space and line ends that yamllint refuses from version 2 on are mended; what else makes an error
    of a leaf then, by yamllint or for its attribution, is listed. Leaves of version 3 stay as they are: of these, such
    errors and old marks are listed.
    """
    from taxonomy_tools.commands import migrate
    from taxonomy_tools.plan import Selection

    return migrate.run(Selection(taxonomy_path=taxonomy_path, paths=paths), dry_run=dry_run)


@cli.command(
    "generate",
    cls=_Generating,
    context_settings=_SETTINGS,
    epilog="Exit codes: 0 every leaf gave what was wanted, 1 a leaf was refused or fell short, or a limit was reached, "
    "2 wrong use or the job could not be done, 130 interrupted. What was answered is safe in any case: the same "
    "command goes on.",
    short_help="Sample data for the changed leaves, through Ollama.",
)
@_taxonomy_path
@_base
@_direct
@_source_options
@_rule_options
@_option("--model", heading=_ASK, metavar="NAME", help="The model that writes. Default: the configuration's.")
@_option(
    "--host",
    "hosts",
    heading=_ASK,
    multiple=True,
    metavar="URL",
    help="An Ollama server; repeat it to share the work. Default: OLLAMA_HOST, else the configuration's, else this "
    "machine.",
)
@_option(
    "--parallel",
    heading=_ASK,
    type=_parallel,
    metavar="auto|N",
    help="Requests in flight at each server. Default: auto, which finds out what keeps it busy.",
)
@_option("--pull", heading=_ASK, is_flag=True, help="Have a server download a model that it does not have.")
@_option(
    "--num-ctx",
    heading=_ASK,
    type=click.IntRange(min=256),
    metavar="N",
    help="Tokens of context. Default: 8192, or what the model was made for if that is less.",
)
@_option("--temperature", heading=_ASK, type=click.FloatRange(0, 10), metavar="X", help="Default: 0.7.")
@_option("--seed", heading=_ASK, type=click.IntRange(0, 2**63 - 1), metavar="N", help="Default: 0.")
@_option(
    "--samples-per-leaf",
    heading=_MUCH,
    type=click.IntRange(min=1),
    metavar="N",
    help="Samples of each leaf, spread over its seed examples. Default: 5.",
)
@_option(
    "--num-instructions",
    heading=_MUCH,
    type=click.IntRange(min=1),
    metavar="N",
    help="Samples of all leaves together, spread evenly over them.",
)
@_option(
    "--max-attempts",
    heading=_MUCH,
    type=click.IntRange(min=1),
    metavar="N",
    help="Requests that a sample may cost, on the average of its leaf. Default: 3.",
)
@_option(
    "--max-tokens-total",
    heading=_MUCH,
    type=click.IntRange(min=1),
    metavar="N",
    help="Stop once so many tokens, of prompts and answers, have been asked for.",
)
@_option(
    "--deadline",
    "seconds",
    heading=_MUCH,
    type=_duration,
    metavar="TIME",
    help="Stop after so much time: 90s, 30m, 2h.",
)
@_option(
    "--likeness",
    "--rouge-threshold",
    "likeness",
    heading=_SORT_OUT,
    type=click.FloatRange(0, 1, min_open=True),
    metavar="X",
    help="The ROUGE-L from which on a sample is a near-copy of a seed example or of another sample. Default: 0.7.",
)
@_option(
    "--judge",
    heading=_SORT_OUT,
    is_flag=False,
    flag_value="",
    metavar="[MODEL]",
    help="Have a model judge each sample: the one that is named, else the one that writes.",
)
@_option("--keep-going", heading=_SORT_OUT, is_flag=True, help="Take leaves with errors too, as far as that goes.")
@_option(
    "--online",
    heading=_ASK,
    is_flag=True,
    help="Make samples of knowledge from the documents, too, that its leaves name. They are fetched.",
)
@_option(
    "--refilter",
    heading=_SORT_OUT,
    type=_Path(),
    metavar="RUN",
    help="Sort out the answers of a run, by its folder, once more. Nothing is asked.",
)
@_option(
    "--output-dir",
    heading=_WRITE,
    type=_Path(),
    metavar="DIR",
    help="Where the runs and their answers are. Default: generated.",
)
@_option(
    "--output-format",
    "formats",
    heading=_WRITE,
    multiple=True,
    metavar="FORMATS",
    help="What is written beside samples.jsonl: messages (the default), alpaca, sharegpt or ilab. Repeat it, or put "
    "commas between.",
)
@_option(
    "--dry-run",
    heading=_WRITE,
    is_flag=True,
    help="Show what would be asked first, and ask and write nothing. It needs no server.",
)
@_option("-q", "--quiet", heading=_WRITE, is_flag=True, help="Show no progress.")
@_option("--jobs", heading=_VALIDATE, type=click.IntRange(min=1), metavar="N", help="Validate in so many processes.")
@click.argument("paths", nargs=-1, type=_Path(), metavar="[LEAF]...")
def generate_command(
    *,
    taxonomy_path: Path | None,
    base: str | None,
    direct: bool,
    staged: bool,
    head: str | None,
    paths: tuple[Path, ...],
    refilter: Path | None,
    parallel: int | None,
    **options: Any,
) -> int:
    """Have a model on an Ollama server write new samples from the seed examples of the changed leaves.

    With LEAFs, those leaves are taken as they stand; with LEAFs and --base, those of them that changed. Leaves with
    errors are refused. What was answered is kept: the same command goes on where it was stopped.
    """
    from taxonomy_tools.commands import generate
    from taxonomy_tools.commands.terms import Wish
    from taxonomy_tools.plan import Selection

    options["fail_on"] = None
    given = _given(options)
    if refilter is not None:
        return generate.refilter(
            refilter, likeness=options["likeness"], formats=options["formats"], quiet=options["quiet"]
        )
    selection = Selection(taxonomy_path=taxonomy_path, paths=paths, base=base, head=head, staged=staged, direct=direct)
    return generate.run(Wish(selection=selection, given=given, parallel=parallel, **options))


@cli.command(
    "pr",
    cls=_Command,
    context_settings=_SETTINGS,
    epilog=_EXIT_CODES,
    short_help="The text of the pull request that the commits here would make.",
)
@_option(
    "-C",
    "--taxonomy-path",
    heading=_LOOK,
    type=_Path(),
    help="The taxonomy's root. Default: the repository's root.",
)
@_option(
    "--base",
    "--taxonomy-base",
    heading=_LOOK,
    metavar="REF",
    help="What the pull request is for. Default: what `taxonomy diff` compares with.",
)
@_option("--head", heading=_LOOK, metavar="REF", help="What is to be pulled. Default: HEAD.")
def pr_command(*, taxonomy_path: Path | None, base: str | None, head: str | None) -> int:
    """Print the text of a pull request, in Markdown: what changed, a checklist, and the findings that remain.

    A box is ticked for what was verified here. What only you can know is left for you to tick. What is not committed is
    no part of it.
    """
    from taxonomy_tools.commands import pr
    from taxonomy_tools.plan import Selection

    return pr.run(Selection(taxonomy_path=taxonomy_path, base=base, head=head))


@cli.command(
    "doctor",
    cls=_Command,
    context_settings=_SETTINGS,
    epilog="Exit codes: 0 nothing that is needed is missing, 2 something is, or wrong use.",
    short_help="Is everything here that the others need?",
)
@_option(
    "-C",
    "--taxonomy-path",
    heading=_LOOK,
    type=_Path(),
    help="The taxonomy's root. Default: the repository's root.",
)
@_option(
    "--for",
    "purpose",
    heading=_LOOK,
    type=click.Choice(("check", "generate")),
    default="check",
    help="What everything is to be here for: to check (the default), or to generate sample data as well.",
)
@_option("--model", heading=_LOOK, metavar="NAME", help="The model to look for, in place of the configuration's.")
@_option(
    "--host",
    heading=_LOOK,
    metavar="HOST",
    help="The Ollama server to ask. Default: the configuration's, else OLLAMA_HOST, else this machine.",
)
def doctor_command(*, taxonomy_path: Path | None, purpose: str, model: str | None, host: str | None) -> int:
    """Say whether everything is here that the other commands need, and of what is not how to mend it.

    What only sample data needs (Ollama, a model, a GPU) is a warning, unless the configuration has a `generate` or
    --for, --model or --host ask for it.
    """
    from taxonomy_tools.commands import doctor

    return doctor.run(
        doctor.Question(taxonomy_path=taxonomy_path, for_generation=purpose == "generate", model=model, host=host)
    )


@cli.command("rule", context_settings=_SETTINGS, short_help="What a rule flags, and why.")
@click.argument("code", required=False)
def rule_command(code: str | None) -> int:
    """Explain a rule, by its CODE (TX201) or name (implicit-type); without one, list them all."""
    from taxonomy_tools.commands import rule

    return rule.run(code)


@cli.command("schema", context_settings=_SETTINGS, short_help="The JSON Schemas, for editors and pipelines.")
@click.argument("kind", required=False, type=click.Choice(SCHEMAS), metavar="[KIND]")
@click.option("--version", "version", type=int, metavar="N", help="The schema's version. Default: the newest.")
def schema_command(kind: str | None, version: int | None) -> int:
    """Print a JSON Schema, for editors and pipelines; without KIND, list them.

    KIND is a kind of leaf, compositional_skills or knowledge, or one of our own formats: `report`, what --output-format
    json writes, `config`, what can stand in .taxonomy-tools.yaml, `baseline`, what --write-baseline writes, or
    `manifest`, what `taxonomy generate` writes of a run.
    """
    from taxonomy_tools.commands import schema

    return schema.run(kind, version)


# --- the console scripts


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """`taxonomy`, and `git taxonomy`."""
    name = "git taxonomy" if Path(sys.argv[0]).stem == "git-taxonomy" else "taxonomy"
    _run(cli, name, arguments)


def diff(arguments: Sequence[str] | None = None) -> NoReturn:
    """`taxonomy-diff`: the same as `taxonomy diff`."""
    _run(diff_command, "taxonomy-diff", arguments)


def _run(command: click.Command, name: str, arguments: Sequence[str] | None) -> NoReturn:
    """Run a command, and end with its exit code."""
    sys.exit(in_bounds(lambda: command.main(arguments, prog_name=name, standalone_mode=False), name))
