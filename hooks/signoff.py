"""taxonomy-signoff: whether a commit is signed off by its author. Run at every commit, it imports next to nothing."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from taxonomy_tools.author import Author, author_of_commit, committer_of_commit, is_merge
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.signoff import TRAILER, is_bot, is_same, signed_off, trailer_option
from taxonomy_tools.streams import open_streams, send_to_nowhere

_SCISSORS = "------------------------ >8 ------------------------"
"""How the line ends below which Git takes nothing for the message: what `git commit --verbose` shows."""


def main(argv: Sequence[str] | None = None) -> int:
    """Look for the author's sign-off in the file of a commit's message, which is all there is in `argv`.

    As for TX701, merges and apps (`dependabot[bot]`) need none. 0 if all is well, 1 if it is missing (also where nobody
    listens: a commit is not to pass for that), 2 if that cannot be told.
    """
    open_streams()
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1:
        return _complain("Usage: taxonomy-signoff FILE (which holds a commit's message, as in a commit-msg hook).")
    try:
        author = author_of_commit()
        well = is_bot(author.name, author.email) or any(
            signed_off(message, author.name, author.email) for message in _messages(Path(arguments[0]))
        )
        if well or is_merge():
            return 0
    except TaxonomyError as error:
        return _complain(error.message, *(f"{remedy.label}  {remedy.command}".rstrip() for remedy in error.remedies))
    except OSError as error:
        return _complain(f"{arguments[0]} cannot be read: {error.strerror}.")
    try:
        sys.stdout.writelines(f"{_shown(line)}\n" for line in _finding(arguments[0], author))
        sys.stdout.flush()
    except BrokenPipeError:
        send_to_nowhere(sys.stdout)
    except OSError as error:
        send_to_nowhere(sys.stdout)
        return _complain(f"what there is to say cannot be written: {error.strerror}.")
    return 1


def _messages(file: Path) -> Iterator[str]:
    """What the file says, in each encoding that the author's name may stand in (i18n.commitEncoding)."""
    data = file.read_bytes()
    for text in (data.decode(errors="surrogateescape"), data.decode("latin-1")):
        lines = text.split("\n")
        end = next((number for number, line in enumerate(lines) if line.rstrip().endswith(_SCISSORS)), len(lines))
        yield "\n".join(lines[:end])


def _finding(file: str, author: Author) -> Iterator[str]:
    missing = f"{TRAILER}: {author.name} <{author.email}>"
    committer = committer_of_commit()
    another = committer is not None and not is_same((author.name, author.email), (committer.name, committer.email))
    option = trailer_option(author.name, author.email) if another else "--signoff"
    yield f"{file}: error TX701 missing-sign-off: the message lacks the line `{missing}`"
    if another:
        yield "  With it the author certifies the Developer Certificate of Origin: https://developercertificate.org/"
        yield "  --signoff would add the committer's line. With the author's consent:"
    else:
        yield "  With it you certify the Developer Certificate of Origin: https://developercertificate.org/"
    yield f"  Add it:                            git commit {option}"
    yield f"  To go on with the message so far:  git commit {option} --edit --file={shlex.quote(file)}"


def _complain(*lines: str) -> int:
    first, *rest = map(_shown, lines)
    try:
        sys.stderr.write(f"taxonomy-signoff: {first}\n" + "".join(f"  {line}\n" for line in rest))
        sys.stderr.flush()
    except OSError:  # nobody listens, which changes nothing about the exit code
        send_to_nowhere(sys.stderr)
    return 2


def _shown(text: str) -> str:
    """Text with nothing in it that a terminal would obey: a commit that is picked brings its author's name along."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", errors="surrogatepass").decode() for one in text
    )
