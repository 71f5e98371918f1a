"""Who signed a commit off: the line by which its author certifies the Developer Certificate of Origin.

What counts is what GitHub's DCO app counts: a line `Signed-off-by: NAME <EMAIL>` anywhere in the message, with the name
and the address of the author, in any case. Nothing is imported here but Python's own: a commit-msg hook starts with it.
"""

import shlex
from unicodedata import normalize

TRAILER = "Signed-off-by"
_START = f"{TRAILER}: ".casefold()
_LONGEST = 1_000
"""Characters of a line that is compared; no name with an address is so long."""
_BOT = "[bot]"
_NO_REPLY = "@users.noreply.github.com"


def signed_off(message: str, name: str, email: str) -> bool:
    """Whether a commit message has a sign-off of the person with that name and that e-mail address."""
    person = _person(name, email)
    return any(_folded(line[len(_START) :]) == person for line in message.split("\n") if _is_sign_off(line))


def is_same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether the sign-offs of two persons, each a name and an e-mail address, count as one."""
    return _person(*one) == _person(*other)


def trailer_option(name: str, email: str) -> str:
    """The option of `git commit` (2.32 or newer) that adds somebody's sign-off, quoted for a shell.

    --signoff adds that of the committer.
    """
    return f"--trailer {shlex.quote(f'{TRAILER}: {name} <{email}>')}"


def is_bot(name: str, email: str) -> bool:
    """Whether an author is an app on GitHub, which certifies nothing.

    Anybody can have the name `dependabot[bot]`; GitHub gives such an app the address
    `49699333+dependabot[bot]@users.noreply.github.com`, and no user one like that.
    """
    account = email.removesuffix(_NO_REPLY)
    number, _, user = account.rpartition("+")
    return name.endswith(_BOT) and account != email and user == name and (not number or number.isdecimal())


def _person(name: str, email: str) -> str:
    return _folded(f"{name} <{email}>")


def _is_sign_off(line: str) -> bool:
    return len(line) <= _LONGEST and line[: len(_START)].casefold() == _START


def _folded(text: str) -> str:
    """Text as it is compared: without case, with single spaces, each letter composed in one way."""
    return normalize("NFC", " ".join(text.split()).casefold())
