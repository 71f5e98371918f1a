"""Who signed a commit off: the line by which its author certifies the Developer Certificate of Origin.

What counts is what GitHub's DCO app counts: a line `Signed-off-by: NAME <EMAIL>` anywhere in the message, with the name
and the address of the author, in any case. Nothing is imported here but Python's own: a commit-msg hook starts with it.
"""

from unicodedata import normalize

TRAILER = "Signed-off-by"
_START = f"{TRAILER}: ".casefold()
_LONGEST = 1_000
"""Characters of a line that is compared; no name with an address is so long."""
_BOT = "[bot]"


def signed_off(message: str, name: str, email: str) -> bool:
    """Whether a commit message has a sign-off of the person with that name and that e-mail address."""
    person = _folded(f"{name} <{email}>")
    return any(_folded(line[len(_START) :]) == person for line in message.split("\n") if _is_sign_off(line))


def is_bot(name: str) -> bool:
    """Whether an author is an app on GitHub (`dependabot[bot]`): it certifies nothing, and no user has such a name."""
    return name.endswith(_BOT)


def _is_sign_off(line: str) -> bool:
    return len(line) <= _LONGEST and line[: len(_START)].casefold() == _START


def _folded(text: str) -> str:
    """Text as it is compared: without case, with single spaces, each letter composed in one way."""
    return normalize("NFC", " ".join(text.split()).casefold())
