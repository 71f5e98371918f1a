"""What a taxonomy repository is set up with: the files, each with its whole content.

The hooks come from a repository of these tools where one is known; else they are the programs that are installed here,
which pre-commit and prek run as they are. A workflow there is only for a repository that a runner can reach: a name in
a package index may be, or become, anybody's.
"""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from typing import Self

from taxonomy_tools import __version__, schemas
from taxonomy_tools.config import CONFIG_FILE
from taxonomy_tools.installed import CONFIG_FILE as HOOKS_FILE
from taxonomy_tools.layout import KNOWLEDGE_FOLDER, QNA_FILE, SKILL_FOLDER, TAXONOMY_FOLDERS
from taxonomy_tools.template import scalar

WORKFLOW_FILE = ".github/workflows/taxonomy.yml"
EDITOR_FILE = ".vscode/settings.json"
_SCHEMAS = ".vscode/schemas"
_PATH = r"(?P<path>[A-Za-z0-9._~+/%-]+)"
_URL = re.compile(
    r"(?P<scheme>https?|ssh|git)://(?:(?P<user>[^/?#]*)@)?(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?P<port>:\d+)?/"
    + _PATH
)
# USER@HOST:PATH, as `git clone` takes it for ssh. C:\tools is no host.
_SHORT = re.compile(r"(?:(?P<user>[A-Za-z0-9._-]+)@)?(?P<host>[A-Za-z0-9.-]{2,}):(?!//)" + _PATH)
_USER = re.compile(r"[A-Za-z0-9._-]+")
# What Git takes for a branch, tag or commit, without what means something to a shell, to YAML or to pip.
_REV = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9+_-]|[./](?![./]|$))*")
_GITHUB = re.compile(
    r"(?:https://github\.com/|git@github\.com:|ssh://git@github\.com/)([A-Za-z0-9-]+/[A-Za-z0-9._-]+?)(?:\.git)?/?"
)
# In a filter of GitHub's for branches these mean something; `*`, `?` and `[` are in no branch's name.
_PATTERN = re.compile(r"[+!\]\\]")
# Full hashes, as tags can be moved.
_CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"
_PYTHON = "actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0"

LOCAL_HOOKS: dict[str, dict[str, str]] = {
    "taxonomy-check": {
        "name": "check the taxonomy's leaves",
        "entry": "taxonomy-check",
        "types": "[]",
        "always_run": "true",
        "require_serial": "true",
        "stages": "[pre-commit, manual]",
    },
    "taxonomy-fix": {
        "name": "mend the taxonomy's leaves",
        "entry": "taxonomy-fix",
        "files": r"(?i)(^|/)(qna\.ya?ml|attribution\.txt)$",
        "require_serial": "true",
        "stages": "[manual]",
    },
    "taxonomy-signoff": {
        "name": "look for the author's sign-off",
        "entry": "taxonomy-signoff",
        "require_serial": "true",
        "stages": "[commit-msg]",
    },
    "taxonomy-diff": {
        "name": "check the leaves that a push changes",
        "entry": "taxonomy-diff-hook",
        "always_run": "true",
        "pass_filenames": "false",
        "require_serial": "true",
        "stages": "[pre-push, manual]",
    },
}
"""The hooks that a repository gets, as .pre-commit-hooks.yaml has them."""
_TAKES_NAMES = frozenset({"taxonomy-check", "taxonomy-fix"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """Where these tools come from: the repository that holds them, and the commit or tag there; "" if nobody knows.

    A repository may be named by a path, as hooks take it; no runner can take it from there.
    """

    url: str = ""
    rev: str = f"v{__version__}"

    @classmethod
    def found(cls) -> Self:
        """Where pip has got them from, as far as others can get them there too (PEP 610)."""
        try:
            facts = json.loads(distribution("taxonomy-tools").read_text("direct_url.json") or "{}")
        except (PackageNotFoundError, OSError, ValueError):
            return cls()
        vcs = facts.get("vcs_info") if isinstance(facts, dict) else None
        url = facts.get("url") if isinstance(facts, dict) else None
        commit = vcs.get("commit_id") if isinstance(vcs, dict) else None
        if not isinstance(url, str) or not isinstance(commit, str) or url.startswith("file:"):
            return cls()
        found = cls(url=url, rev=commit)
        return cls() if found.fault else found

    @property
    def fault(self) -> str:
        """Why these cannot stand in a file that is committed and run, `""` if they can."""
        if not _REV.fullmatch(self.rev) or self.rev.endswith(".lock"):
            return "the commit of the tools is no name of a commit or tag"
        if not self.url.isprintable() or self.url.startswith("-"):
            return "the repository of the tools has a name that cannot stand in a configuration"
        if "://" not in self.url or self.url.startswith("file://"):
            return ""
        found = _URL.fullmatch(self.url)
        if found is None:
            return (
                "the repository of the tools has an address that is none of https, ssh or git, or holds odd characters"
            )
        if found["user"] is not None and (found["scheme"] != "ssh" or not _USER.fullmatch(found["user"])):
            return "the address of the tools has a user or a password in it, and everybody will read it"
        return ""

    @property
    def requirement(self) -> str:
        """Where pip gets them, as it wants to be told (`git+URL@REV`); "" if that is nowhere that others can reach."""
        if _URL.fullmatch(self.url):
            return f"git+{self.url.rstrip('/')}@{self.rev}"
        if found := _SHORT.fullmatch(self.url):
            user = f"{found['user']}@" if found["user"] else ""
            return f"git+ssh://{user}{found['host']}/{found['path'].strip('/')}@{self.rev}"
        return ""

    @property
    def on_github(self) -> str:
        """`OWNER/REPOSITORY`, if they are on GitHub; else ""."""
        found = _GITHUB.fullmatch(self.url)
        return found[1] if found else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file to write. `path` is relative to the repository's root, `why` says what it is for.

    `part` is what somebody adds by hand where there is such a file already, if there is something to add.
    """

    path: str
    content: str
    why: str
    part: str = ""


def files(tools: Tools, folder: str, branch: str = "main") -> Iterator[File]:
    """The files of a repository whose taxonomy lies in a folder below its root (`""`: at its root).

    `branch` is the one that pull requests go to. Of tools that a runner cannot reach there is no workflow.
    """
    hooks = hooks_part(tools, folder)
    yield File(
        path=HOOKS_FILE,
        content="# Run by Git at each commit and push, after: pre-commit install\n"
        f"default_install_hook_types: [pre-commit, commit-msg, pre-push]\nrepos:\n{hooks}",
        why="the hooks that check what is committed and pushed",
        part=hooks,
    )
    if tools.requirement:
        content = _workflow(tools, folder, branch)
        yield File(path=WORKFLOW_FILE, content=content, why="the same check on pull requests")
    yield File(path=f"{folder}/{CONFIG_FILE}".removeprefix("/"), content=_CONFIG, why="what all of them go by")
    settings = {"yaml.schemas": {f"./{_SCHEMAS}/{name}.json": globs for name, globs in _globs(folder).items()}}
    text = json.dumps(settings, indent=2) + "\n"
    yield File(path=EDITOR_FILE, content=text, why="help and checks while you type, in VS Code", part=text)
    for name in _globs(folder):
        yield File(path=f"{_SCHEMAS}/{name}.json", content=_schema(name), why=f"what `taxonomy schema {name}` prints")


def install_extra(extra: str) -> str:
    """The command that installs what an extra of these tools needs, for the Python that runs them.

    It names those packages and not the tools themselves, which come from a repository and no index.
    """
    try:
        needed = distribution("taxonomy-tools").requires or []
    except PackageNotFoundError:
        needed = []
    parts = (one.partition(";") for one in needed)
    chosen = sorted(what.strip() for what, _, when in parts if re.search(rf"extra == ['\"]{extra}['\"]", when))
    return shlex.join([sys.executable, "-m", "pip", "install", *chosen])


def hooks_part(tools: Tools, folder: str) -> str:
    """The hooks, as an item of `repos`."""
    if tools.url:
        lines = [f"  - repo: {scalar(tools.url)}", f"    rev: {scalar(tools.rev)}", "    hooks:"]
    else:
        lines = ["  # The programs that `taxonomy-tools` has installed.", "  - repo: local", "    hooks:"]
    for name, facts in LOCAL_HOOKS.items():
        lines.append(f"      - id: {name}")
        if not tools.url:
            lines += [f"        {key}: {value}" for key, value in {**facts, "language": "system"}.items()]
        if folder and name != "taxonomy-signoff":
            end = ", --" if name in _TAKES_NAMES else ""
            lines.append(f"        args: [--taxonomy-path, {_quoted(folder)}{end}]")
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    """Text for the inside of a YAML list on one line."""
    shown = scalar(text)
    return f'"{shown}"' if "," in shown and not shown.startswith('"') else shown


def _workflow(tools: Tools, folder: str, branch: str) -> str:
    checkout = (
        f"      - uses: {_CHECKOUT}\n        with:\n          fetch-depth: 0\n          persist-credentials: false\n"
    )
    if tools.on_github:
        steps = f"{checkout}      - uses: {scalar(f'{tools.on_github}@{tools.rev}')}\n"
        if folder:
            steps += f"        with:\n          working-directory: {scalar(folder)}\n"
    else:
        at = f"        working-directory: {scalar(folder)}\n" if folder else ""
        # Installed before there is a checkout: nothing of it can get in the way.
        steps = (
            f'      - uses: {_PYTHON}\n        with:\n          python-version: "3.13"\n'
            '      - run: pip install "taxonomy-tools @ $TOOLS"\n'
            f"        env:\n          TOOLS: {scalar(tools.requirement)}\n"
            f"{checkout}"
            "      - run: >-\n"
            f"          taxonomy-diff{' --taxonomy-path .' if folder else ''} --output-format github\n"
            '          --output-format markdown --output "$GITHUB_STEP_SUMMARY"\n'
            f"{at}"
        )
    name = _quoted(_PATTERN.sub(r"\\\g<0>", branch))
    return f"{_WORKFLOW_HEAD}    branches: [{name}]\n{_WORKFLOW_JOB}{steps}"


_WORKFLOW_HEAD = """\
# Checks the leaves that a pull request changes. It runs on forks too: it has no secrets, and writes nothing.
name: taxonomy
on:
  pull_request:
  merge_group:
  push:
"""
_WORKFLOW_JOB = """\
permissions:
  contents: read
jobs:
  validate:
    runs-on: ubuntu-latest
    steps:
"""
_CONFIG = """\
# What `taxonomy` goes by in this repository. All keys: taxonomy schema config. What is in force: taxonomy config.

# What changes are compared with; by default the branch of upstream or origin.
# base: upstream/main

# What makes a run fail: error, warning, info or never.
# fail_on: error

severity:
  TX506: error # no gap of a template is merged
"""


def _globs(folder: str) -> dict[str, list[str]]:
    """The files that each schema is for."""
    below = f"{folder}/" if folder else ""
    skills = [f"{below}{name}/**/{QNA_FILE}" for name in TAXONOMY_FOLDERS if name != KNOWLEDGE_FOLDER]
    return {
        SKILL_FOLDER: skills,
        KNOWLEDGE_FOLDER: [f"{below}{KNOWLEDGE_FOLDER}/**/{QNA_FILE}"],
        "config": [f"{below}{CONFIG_FILE}"],
    }


def _schema(name: str) -> str:
    loaded = schemas.load_format(name) if name not in schemas.KINDS else schemas.load(name, max(schemas.versions(name)))
    return json.dumps(loaded, indent=2) + "\n"
