"""Fetches the files of a document that a leaf names, from a repository that nobody vouches for.

A leaf says where its document is, and a leaf may be hostile. So Git runs here as if nobody were at home: with an
environment and a configuration of our own, by https alone, without redirects, proxies, credentials, hooks, filters and
submodules, and to addresses that were looked at before and that it cannot resolve anew. What comes is never checked
out: files are read from the objects, links are not followed.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import git_version
from taxonomy_tools.glob import matches
from taxonomy_tools.leaf import SourceDocument
from taxonomy_tools.text import shorten

HTTPS_PORT = 443
_PINNING = (2, 37)
"""The first Git that can be told the address of a host (http.curloptResolve)."""
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.IGNORECASE)
# No user, no port, no query, and a host of at least two names: what is left of a URL when nothing is clever about it.
_URL = re.compile(
    r"https://((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*)\.?(/[\w.~/+%@:,-]+)",
    re.IGNORECASE | re.ASCII,
)
_REGULAR = frozenset({"100644", "100755"})
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_POLL_SECONDS = 0.02
# What Git needs of the environment to start at all; proxies and certificates are not among it.
_KEPT = ("PATH", "SYSTEMROOT", "SystemRoot", "COMSPEC", "PATHEXT", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
_CONFIG = {
    "core.askPass": "",
    "core.fsmonitor": "",
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "http.followRedirects": "false",  # keeps Git from alternates of a server, too
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "20",
    "http.proxy": "",
    "http.sslVerify": "true",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "submodule.recurse": "false",
    "transfer.bundleURI": "false",
    "transfer.unpackLimit": "1",  # one pack, whose size can be watched, and no file an object
}


class UnreachableDocument(TaxonomyError):
    """The document of a leaf cannot be had: it may not be fetched, or is not there."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, and not to this host or a network around it.

    By IANA's registries of special addresses, as Python has them; an IPv4 address inside of an IPv6 one counts as well.
    Of IPv6, 2000::/3 alone is the internet's so far (RFC 4291, 2.4), and NAT64's prefix leads to IPv4. What else there
    is (a network's own prefix for NAT64, site-local and IPv4-compatible addresses) leads elsewhere.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found not in _GLOBAL_UNICAST and found not in _NAT64:
        return False
    return all(one.is_global and not one.is_multicast for one in (found, *_embedded(found)))


def _embedded(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, IPv6Address):
        teredo = address.teredo or ()
        yield from (one for one in (address.ipv4_mapped, address.sixtofour, *teredo) if one is not None)
        if address in _NAT64:
            yield IPv4Address(int(address) & 0xFFFF_FFFF)


def resolve(host: str) -> Sequence[str]:
    """The addresses of a host. Raises OSError if it has none."""
    import socket

    found = socket.getaddrinfo(host, HTTPS_PORT, type=socket.SOCK_STREAM)
    return sorted({str(address[0]) for *_, address in found})


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What fetching is held to. The defaults are for everybody; others are for a server that somebody vouches for.

    A fetch takes at most so many `seconds`, and leaves at most so many `bytes` on the disk; of at most so many `files`
    none may have more than `file_bytes`, and all together no more than `all_bytes`. `ca_file` holds the certificates to
    trust, "" for those of the system.
    """

    seconds: float = 120.0
    bytes: int = 200 << 20
    files: int = 200
    file_bytes: int = 16 << 20
    all_bytes: int = 64 << 20
    port: int = HTTPS_PORT
    ca_file: str = ""
    resolve: Callable[[str], Sequence[str]] = resolve
    permits: Callable[[str], bool] = is_public


PUBLIC = Policy()


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentFile:
    """A file of a document: its path in the repository, and its content."""

    path: str
    data: bytes


def fetch(source: SourceDocument, policy: Policy = PUBLIC) -> Generator[DocumentFile]:
    """The files that a document's patterns match, at its commit, sorted by path; one at a time is held in memory.

    They are on the disk until the last one is read: close it if that is not wanted.

    Raises:
        UnreachableDocument: the URL or the commit is none that may be fetched, it is not there, or it is too large or
            too slow; no file matches a pattern.
        TaxonomyError: Git is missing or too old.

    """
    host, path = _place(source)
    if git_version() < _PINNING:
        raise TaxonomyError(
            f"--online needs Git {'.'.join(map(str, _PINNING))} or newer.",
            Remedy("Install a newer one:", "https://git-scm.com/downloads"),
        )
    addresses = _addresses(source, host, policy)
    with TemporaryDirectory(prefix="taxonomy-tools-") as folder:
        git = _Git(Path(folder), policy, source)
        git.pin(host, addresses)
        port = "" if policy.port == HTTPS_PORT else f":{policy.port}"
        form = "sha1" if len(source.commit) == 40 else "sha256"
        git.run("init", "--quiet", "--bare", "--template=", f"--object-format={form}", ".")
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        git.run("fetch", *options, "--", f"https://{host}{port}{path}", source.commit.lower())
        chosen = list(_chosen(git.run("ls-tree", "-r", "-z", "-l", "--full-tree", source.commit.lower()), source))
        _check_sizes(source, chosen, policy)
        for file in chosen:
            yield DocumentFile(path=file.path, data=git.run("cat-file", "blob", file.oid))


def _place(source: SourceDocument) -> tuple[str, str]:
    """Host and path of a document's repository."""
    found = _URL.fullmatch(source.repo)
    if found is None:
        raise UnreachableDocument(
            f"`{shorten(source.repo)}` is not fetched: it is no plain https:// URL of a repository.",
            "Write the https:// URL that it is cloned from, with neither user nor port.",
        )
    if not _COMMIT.fullmatch(source.commit):
        raise UnreachableDocument(
            f"`{shorten(source.commit)}` is not fetched: only the whole hash of a commit says what comes.",
            Remedy("It is what this prints in a clone:", "git rev-parse COMMIT"),
        )
    return found[1].lower(), found[2]


def _addresses(source: SourceDocument, host: str, policy: Policy) -> Sequence[str]:
    try:
        addresses = policy.resolve(host)
    except OSError as error:
        raise UnreachableDocument(f"{host} has no address ({error.strerror or error}).") from error
    refused = [address for address in addresses if not policy.permits(address)]
    if refused or not addresses:
        raise UnreachableDocument(
            f"`{shorten(source.repo)}` is not fetched: {host} is at {', '.join(refused) or 'no address'}, "
            "which is not on the public internet."
        )
    return addresses


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    path: str
    oid: str
    size: int


def _chosen(listing: bytes, source: SourceDocument) -> Iterator[_Entry]:
    """The regular files of a tree that a pattern matches, sorted by path as Git sorts them."""
    for line in listing.split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, _, oid, size = facts.decode().split()
        path = os.fsdecode(name)
        if mode in _REGULAR and any(matches(pattern, path) for pattern in source.patterns):
            yield _Entry(path=path, oid=oid, size=int(size))


def _check_sizes(source: SourceDocument, chosen: Sequence[_Entry], policy: Policy) -> None:
    name = shorten(source.repo)
    if not chosen:
        raise UnreachableDocument(f"no file of {name} matches {', '.join(map(shorten, source.patterns[:3]))}.")
    if len(chosen) > policy.files:
        raise UnreachableDocument(
            f"{len(chosen):,} files of {name} match, and {policy.files:,} are read at most.",
            "Narrow the patterns.",
        )
    large = next((file for file in chosen if file.size > policy.file_bytes), None)
    if large is not None:
        raise UnreachableDocument(
            f"{shorten(large.path)} of {name} has {large.size:,} bytes, and {policy.file_bytes:,} are read at most.",
            "Narrow the patterns.",
        )
    total = sum(file.size for file in chosen)
    if total > policy.all_bytes:
        raise UnreachableDocument(
            f"the files of {name} that match have {total:,} bytes, and {policy.all_bytes:,} are read at most.",
            "Narrow the patterns.",
        )


class _Git:
    """Git in a folder of its own, which knows nothing of this machine. All calls together have the policy's time."""

    def __init__(self, folder: Path, policy: Policy, source: SourceDocument) -> None:
        self._folder = folder
        self._policy = policy
        self._source = source
        self._left = policy.seconds
        self._config = dict(_CONFIG)
        if policy.ca_file:
            self._config["http.sslCAInfo"] = policy.ca_file
        for name in ("home", "repository"):
            (folder / name).mkdir()

    def pin(self, host: str, addresses: Sequence[str]) -> None:
        """Have the host be at these addresses, whatever a name server says from now on."""
        listed = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
        self._config["http.curloptResolve"] = f"{host}:{self._policy.port}:{listed}"

    def run(self, *arguments: str) -> bytes:
        """What a command prints. Raises UnreachableDocument if it fails, or goes over a limit."""
        config = (word for name, value in self._config.items() for word in ("-c", f"{name}={value}"))
        out, err = self._folder / "out", self._folder / "err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                ["git", *config, *arguments],
                cwd=self._folder / "repository",
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            try:
                self._watch(process)
            finally:
                _kill(process)
        if process.returncode != 0:
            raise UnreachableDocument(f"{shorten(self._source.repo)} could not be fetched{_because(err.read_bytes())}.")
        return out.read_bytes()

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait for the end. Raises UnreachableDocument when the time is up, or the disk too full."""
        name = shorten(self._source.repo)
        began = time.monotonic()
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_POLL_SECONDS)
            size = _size(self._folder)
            if size > self._policy.bytes:
                raise UnreachableDocument(f"{name} was not fetched: it has more than {self._policy.bytes:,} bytes.")
            passed = time.monotonic() - began
            if process.returncode is not None:
                self._left -= passed
                return
            if passed > self._left:
                raise UnreachableDocument(
                    f"{name} was not fetched: it takes more than {self._policy.seconds:g} seconds."
                )

    def _environment(self) -> dict[str, str]:
        home = os.fspath(self._folder / "home")
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "HOME": home,
            "USERPROFILE": home,
            "XDG_CONFIG_HOME": home,
            "TMPDIR": home,
            "GIT_ALLOW_PROTOCOL": "https",
            "GIT_ASKPASS": "",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": os.fspath(self._folder),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }


def _size(folder: Path) -> int:
    """The bytes of all files below a folder; files come and go meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a command with all that it has started."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _because(err: bytes) -> str:
    """What Git died of, to stand at the end of a sentence. A part of it is what the server says."""
    lines = [line for line in os.fsdecode(err).splitlines() if line.startswith(("fatal:", "error:"))]
    return f" ({shorten(lines[-1].partition(': ')[2].rstrip('.'), 200)})" if lines else ""
