"""The repository of a leaf's document is at a URL that is not safe to clone.

What it flags
    A `repo` that is not `https://`, that names a user, a password or a port, or whose host is an address, private, or
    not plain ASCII; local paths, `git@...`, `ext::...`, a leading `-`, and spaces or control characters.

Why
    Upstream clones it without a human in between. Anything but https can be changed on its way, asks for a key, runs a
    program, or reaches into the network that it is cloned from; and letters of other alphabets look like those of a
    host that you know.

Instead
    repo: https://github.com/example/field-notes.git

For example
    repo: git@github.com:example/field-notes.git
"""

import re
from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.document import Document
from taxonomy_tools.rules.base import Finding, Subject, quote, text_at
from taxonomy_tools.text import shorten

CODE = "TX602"
NAME = "unsafe-repository-url"
SEVERITY = Severity.WARNING

_READ = 2000
"""Code points of a value that are looked at."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_TRANSPORT = re.compile(r"([A-Za-z0-9]+)::")
# As Git tells them apart: a colon before any slash is a host (scp's form), unless it is a drive.
_SCP = re.compile(r"(?:[^/:@\s]+@)?([^/:@\s]{2,}|\[[^\]/]+\]):(?!//)([^\s]*)")
_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")
_AUTHORITY = re.compile(r"https://([^/?#]*)", re.IGNORECASE)
# What ends in a number is an IPv4 address to most programs, be it decimal, octal or hexadecimal.
_NUMBER = re.compile(r"0x[0-9a-f]*|\d+", re.IGNORECASE)
_PRIVATE = ("localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa")
LOGIN = re.compile(r"(https?://)[^/?#]*@|([a-z][a-z0-9+.-]{0,30}://)[^/?#]*:[^/?#]*@", re.IGNORECASE)
"""A user that a URL names, unless it is a mere name for ssh, with or without a password."""
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")


def check(subject: Subject) -> Iterator[Finding]:
    """The value of `repo`, if it is text; of other types the schema speaks, and of an empty one."""
    repo = text_at(subject, "document", "repo")
    if repo is None:
        return
    fault, mend = _fault(repo[:_READ])
    if fault:
        hint = f"write {mend}" if 0 < len(mend) <= 70 else "write the https:// URL that it is cloned from"
        yield Finding(message=f"{quote(_without_user(repo))} {fault}", route=("document", "repo"), hint=hint)


def _fault(url: str) -> tuple[str, str]:
    """What is not safe about a URL, and what to write instead; both may be empty."""
    bare = url.strip()
    if url != bare and not _fault(bare)[0]:
        return "has spaces around it", bare
    if bare.startswith("-"):
        return "starts with `-`: Git would take it for an option", ""
    transport = _TRANSPORT.match(bare)
    if transport:
        return f"has Git start another program: `git-remote-{shorten(transport[1], 40)}`", ""
    if _INVISIBLE.search(bare):
        return "holds spaces or control characters", ""
    scheme = _SCHEME.match(bare)
    if scheme is None:
        return _fault_without_scheme(bare)
    if scheme[1].lower() != "https":
        mend = "" if scheme[1].lower() in {"file", "ext"} else _as_https(bare[scheme.end() :])
        return f"is not fetched by https, but by {scheme[1].lower()}", mend
    return _fault_of_host(bare)


def _fault_without_scheme(url: str) -> tuple[str, str]:
    if url.startswith(("/", ".", "~", "\\")) or re.match(r"[A-Za-z]:[\\/]", url):
        return "is a local path", ""
    scp = _SCP.fullmatch(url)
    if scp and scp[1].lower() not in {"http", "https"}:
        return "is not fetched by https, but by ssh", _as_https(f"{scp[1]}/{scp[2].lstrip('/')}")
    host, slash, _ = url.partition("/")
    mend = f"https://{url}" if slash and "." in host and not _fault_of_host(f"https://{url}")[0] else ""
    return "is no https:// URL", mend


def _as_https(rest: str) -> str:
    """The same place by https, if nothing else is wrong with it: without its user, and port 22 is that of ssh."""
    authority, slash, path = rest.partition("/")
    host = re.sub(r":\d*$", "", authority.rpartition("@")[2])
    url = f"https://{host}{slash}{path}"
    return url if path and not _fault_of_host(url)[0] else ""


def _fault_of_host(url: str) -> tuple[str, str]:
    match = _AUTHORITY.match(url)
    authority = match[1] if match else ""
    rest = url[match.end() :] if match else ""
    if "\\" in url:  # some programs take it for a slash, and so another part for the host
        return "holds a backslash", ""
    user, at, place = authority.rpartition("@")
    if at:
        mend = f"https://{place}{rest}"
        return f"names a user{' and a password' if ':' in user else ''}", "" if _fault_of_host(mend)[0] else mend
    if place.startswith("["):
        return "names an address, not a host", ""
    host, colon, port = place.partition(":")
    if colon:
        mend = f"https://{host}{rest}" if port in {"", "443"} else ""
        return "names a port", mend
    return _fault_of_name(host), ""


def _fault_of_name(host: str) -> str:
    """What is not safe about a host; empty if nothing is."""
    if not host:
        return "names no host"
    if not host.isascii():
        return f"has a host that is not ASCII and may only look like another one: `{_punycode(host)}`"
    if not _HOST.fullmatch(host):
        return "has a host that is none"
    name = host.lower().removesuffix(".")
    if any(label.startswith("xn--") for label in name.split(".")):
        return "has a host in punycode, which may be shown as one that looks like another"
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return "names an address, not a host"
    if "." not in name or name.endswith(tuple(f".{suffix}" for suffix in _PRIVATE)):
        return "names a host that only a private network knows"
    return ""


def _punycode(host: str) -> str:
    """A host as name servers know it; without that, as Python escapes it."""
    try:
        return shorten(host.encode("idna").decode(), 60)
    except UnicodeError:
        return shorten(ascii(host)[1:-1], 60)


def _without_user(url: str) -> str:
    """The URL without a user and a password, either of which may be a secret: reports are public."""
    return LOGIN.sub(lambda match: f"{match[1] or match[2]}…@", url[:_READ])


def logins_in(document: Document) -> dict[str, str]:
    """The users that the repository's URL names, each with its scheme, and what to show for it: as long as it is."""
    data = document.data if isinstance(document.data, dict) else {}
    source = data.get("document")
    repo = source.get("repo") if isinstance(source, dict) else None
    matches = LOGIN.finditer(repo[:_READ]) if isinstance(repo, str) else ()
    return {match[0]: _masked(match) for match in matches}


def _masked(login: re.Match[str]) -> str:
    scheme = login[1] or login[2]
    return f"{scheme}{'*' * (len(login[0]) - len(scheme) - 1)}@"
