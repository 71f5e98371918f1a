"""What a page shows of a terminal, and a terminal to type it into."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

_FENCE = re.compile(r"^```(?P<language>\w+)(?: (?P<title>\S+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
# What differs from one run to the next, and from one machine to another.
_VARYING = (
    (re.compile(r"\b[0-9a-f]{40}\b"), "<commit>"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{7}\b|\b[a-f]{7}\b"), "<short commit>"),
    (re.compile(r"(?<=[ v])\d+\.\d+\.\d+\b"), "<version>"),
    (re.compile(r"\b\d+ minutes? ago\b"), "just now"),
)
# Three dots, but not of a longer row of them, and not at the end of a word.
_ELIDED = re.compile(r"(?<![.\w])\.\.\.(?!\.)")
# The command, and then where it has led to.
_TYPED = 'eval "$1"; status=$?; pwd -P >"$2"; exit "$status"'
_BASH = shutil.which("bash") or "bash"


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block of a page: its language, the word after it (a file's path), and its text."""

    language: str
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A command of a page, and what the page shows of its output ("": nothing is shown)."""

    command: str
    output: str


def blocks(page: str, language: str | None = None) -> Iterator[Block]:
    """The fenced blocks of a page in Markdown; of one language, if it is named."""
    for found in _FENCE.finditer(page):
        block = Block(language=found["language"], title=found["title"] or "", text=found["text"])
        if language in (None, block.language):
            yield block


def steps(text: str) -> Iterator[Step]:
    """The commands of a console block, which stand after `$ `, each with the lines up to the next."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield Step(command=command, output=output)


def shows(shown: str, printed: str) -> bool:
    """Whether what a page shows is what was printed: `...` stands for anything, and hashes and versions may differ."""
    first, *others = _ELIDED.split(_steady(shown))
    left = _steady(printed)
    if not others:
        return left == first
    if not left.startswith(first):
        return False
    left = left.removeprefix(first)
    for part in others[:-1]:
        _, found, left = left.partition(part)
        if not found:
            return False
    return left.endswith(others[-1])


def _steady(text: str) -> str:
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return "".join(f"{line.rstrip()}\n" for line in text.strip().splitlines())


@dataclass(kw_only=True)
class Terminal:
    """Bash in a folder, with just this environment. `cd` holds for the commands after it, and nothing else does."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 600

    def type(self, command: str) -> tuple[int, str]:
        """Run a command; gives its exit status and what a terminal would show, errors included."""
        with NamedTemporaryFile() as told:
            done = subprocess.run(
                [_BASH, "--noprofile", "--norc", "-c", _TYPED, "bash", command, told.name],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=self.patience,
            )
            self.folder = Path(told.read().decode().removesuffix("\n"))
        return done.returncode, done.stdout.decode(errors="replace")
