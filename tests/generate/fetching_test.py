"""Documents are fetched from a real Git server, and from nowhere that nobody vouches for."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from taxonomy_tools.generate.fetching import (
    PUBLIC,
    DocumentFile,
    Policy,
    UnreachableDocument,
    fetch,
    is_public,
    resolve,
)
from taxonomy_tools.leaf import SourceDocument
from tests.git_server import GitServer, serving
from tests.repository import Repo

HOST = "docs.example.org"
HASH = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture
def docs(make_repo: Callable[[str], Repo]) -> Repo:
    repo = make_repo("served/birds")
    repo.write("wren.md", "# Wren\n")
    repo.write("deep/finch.md", "# Finch\n")
    repo.write("deep/er/heron.md", "# Heron\n")
    repo.write("photo.png", b"\x89PNG")
    repo.link("link.md", "/etc/passwd")
    repo.link("folder.md", "deep")
    repo.commit(message="docs")
    return repo


@pytest.fixture
def server(docs: Repo) -> Iterator[GitServer]:
    with serving(docs.path.parent, HOST) as running:
        yield running


@pytest.fixture
def local(server: GitServer) -> Policy:
    """What lets the server of the test be asked, and nothing else."""
    return Policy(
        port=server.port,
        ca_file=str(server.ca_file),
        resolve=lambda host: {HOST: ["127.0.0.1"]}[host],
        permits=lambda address: address == "127.0.0.1",
        seconds=30,
    )


def source(commit: str, *patterns: str, repo: str = f"https://{HOST}/birds/.git") -> SourceDocument:
    return SourceDocument(repo=repo, commit=commit, patterns=patterns or ("*.md",))


def refusal(source: SourceDocument, policy: Policy) -> str:
    with pytest.raises(UnreachableDocument) as caught:
        list(fetch(source, policy))
    return caught.value.message


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        pytest.param(["*.md"], ["wren.md"], id="links are not followed"),
        pytest.param(["**/*.md"], ["deep/er/heron.md", "deep/finch.md", "wren.md"], id="in all folders"),
        pytest.param(["deep/*.md", "wren.md"], ["deep/finch.md", "wren.md"], id="by several patterns"),
        pytest.param(["wren.md", "w*"], ["wren.md"], id="once by two patterns"),
    ],
)
def test_files_that_patterns_match_are_fetched(
    docs: Repo, local: Policy, patterns: Sequence[str], expected: Sequence[str]
) -> None:
    fetched = fetch(source(docs.head, *patterns), local)
    assert tuple(fetched) == tuple(DocumentFile(path=path, data=(docs.path / path).read_bytes()) for path in expected)


def test_commit_that_is_no_tip_is_fetched(docs: Repo, local: Policy) -> None:
    old = docs.head
    docs.commit({"wren.md": "# New\n"})
    (file,) = fetch(source(old.upper(), "wren.md"), local)
    assert file.data == b"# Wren\n"


def test_repository_of_sha256(tmp_path: Path, server: GitServer, local: Policy) -> None:
    repo = Repo.init(server.root / "new", object_format="sha256")
    commit = repo.commit({"wren.md": "# Wren\n"})
    (file,) = fetch(source(commit, repo=f"https://{HOST}/new/.git"), local)
    assert (len(commit), file.data) == (64, b"# Wren\n")


def test_nothing_of_this_machine_goes_along(
    docs: Repo, server: GitServer, local: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "elsewhere"
    home.mkdir()
    (home / ".netrc").write_text(f"machine {HOST} login ada password secret\n")
    (home / ".gitconfig").write_text("[http]\n\textraHeader = X-Secret: yes\n\tsslVerify = false\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    list(fetch(source(docs.head), local))
    assert server.requests
    sent = {name for _, headers in server.requests for name in headers}
    assert sorted(sent & {"Authorization", "X-Secret", "Cookie"}) == []
    assert "could not be fetched" in refusal(source(docs.head), replace(local, ca_file=""))


# --- what is not asked at all


@pytest.mark.parametrize(
    "repo",
    [
        pytest.param(f"http://{HOST}/birds", id="http"),
        pytest.param(f"git://{HOST}/birds", id="git"),
        pytest.param(f"ssh://git@{HOST}/birds", id="ssh"),
        pytest.param(f"git@{HOST}:birds", id="ssh in scp's form"),
        pytest.param("file:///etc", id="file"),
        pytest.param("/etc", id="a path"),
        pytest.param("ext::sh -c touch% /tmp/x", id="a program"),
        pytest.param("--upload-pack=touch", id="an option"),
        pytest.param(f"https://ada@{HOST}/birds", id="a user"),
        pytest.param(f"https://ada:secret@{HOST}/birds", id="a password"),
        pytest.param(f"https://{HOST}:8443/birds", id="a port"),
        pytest.param("https://127.0.0.1/birds", id="an address"),
        pytest.param("https://2130706433/birds", id="an address as a number"),
        pytest.param("https://0x7f.0x1/birds", id="an address in hexadecimal"),
        pytest.param("https://[::1]/birds", id="an address of version 6"),
        pytest.param("https://localhost/birds", id="a bare name"),
        pytest.param(f"https://{HOST}\\@evil.org/birds", id="a backslash"),
        pytest.param(f"https://{HOST}/birds?x=1", id="a query"),
        pytest.param(f"https://{HOST}/birds\n", id="a line end"),
        pytest.param("https://dócs.example.org/birds", id="another alphabet"),
        pytest.param(f"https://{HOST}", id="no path"),
    ],
)
def test_only_plain_https_is_fetched(repo: str) -> None:
    policy = replace(PUBLIC, resolve=lambda host: pytest.fail(f"{host} was looked up"))
    message = refusal(source(HASH, repo=repo), policy)
    assert message == f"`{repo}` is not fetched: it is no plain https:// URL of a repository."


@pytest.mark.parametrize(
    "commit",
    [
        pytest.param("main", id="a branch"),
        pytest.param(HASH[:12], id="an abbreviated hash"),
        pytest.param(f"{HASH}0", id="too long"),
        pytest.param(f"--{HASH[2:]}", id="an option"),
        pytest.param(f"{HASH}\n", id="a line end"),
    ],
)
def test_only_a_full_hash_is_fetched(commit: str) -> None:
    policy = replace(PUBLIC, resolve=lambda host: pytest.fail(f"{host} was looked up"))
    message = refusal(source(commit), policy)
    assert message == f"`{commit}` is not fetched: only the whole hash of a commit says what comes."


@pytest.mark.parametrize(
    ("address", "public"),
    [
        pytest.param("140.82.112.3", True, id="public"),
        pytest.param("2606:50c0:8000::153", True, id="public, version 6"),
        pytest.param("127.0.0.1", False, id="this host"),
        pytest.param("0.0.0.0", False, id="unspecified"),
        pytest.param("10.1.2.3", False, id="private, 10"),
        pytest.param("172.16.0.1", False, id="private, 172.16"),
        pytest.param("192.168.1.1", False, id="private, 192.168"),
        pytest.param("100.64.0.1", False, id="shared by a carrier"),
        pytest.param("169.254.169.254", False, id="metadata of a cloud"),
        pytest.param("224.0.0.1", False, id="multicast"),
        pytest.param("255.255.255.255", False, id="broadcast"),
        pytest.param("::1", False, id="this host, version 6"),
        pytest.param("::", False, id="unspecified, version 6"),
        pytest.param("fe80::1", False, id="link-local"),
        pytest.param("fe80::1%eth0", False, id="link-local with its link"),
        pytest.param("fd00::1", False, id="unique local"),
        pytest.param("ff0e::1", False, id="multicast, version 6"),
        pytest.param("::ffff:10.0.0.1", False, id="private, mapped"),
        pytest.param("2002:7f00:1::", False, id="this host through 6to4"),
        pytest.param("64:ff9b::a9fe:a9fe", False, id="metadata through NAT64"),
        pytest.param("64:ff9b::8c52:7003", True, id="public through NAT64"),
        pytest.param("64:ff9b:1::7f00:1", False, id="NAT64 of a network's own"),
        pytest.param("fec0::1", False, id="site-local"),
        pytest.param("::127.0.0.1", False, id="this host, compatible with version 4"),
        pytest.param("::ffff:0:127.0.0.1", False, id="this host, translated"),
        pytest.param("5f00::1", False, id="segments of a route"),
        pytest.param("docs.example.org", False, id="no address"),
    ],
)
def test_addresses_of_the_public_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("addresses", "told"),
    [
        pytest.param(["127.0.0.1"], "127.0.0.1", id="this host"),
        pytest.param(["140.82.112.3", "10.0.0.1", "::1"], "10.0.0.1, ::1", id="one that is public, and others"),
        pytest.param([], "no address", id="none"),
    ],
)
def test_host_on_a_private_network_is_not_asked(addresses: Sequence[str], told: str) -> None:
    assert refusal(source(HASH), replace(PUBLIC, resolve=lambda host: addresses)) == (
        f"`https://{HOST}/birds/.git` is not fetched: {HOST} is at {told}, which is not on the public internet."
    )


def test_host_without_an_address() -> None:
    def fail(host: str) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    assert refusal(source(HASH), replace(PUBLIC, resolve=fail)) == f"{HOST} has no address (Name or service not known)."


def test_resolving_gives_addresses() -> None:
    assert "127.0.0.1" in resolve("localhost")


# --- what a server may not do


def test_redirects_are_not_followed(docs: Repo, server: GitServer, local: Policy) -> None:
    server.redirect = f"https://{HOST}:{server.port}/birds"
    assert "could not be fetched" in refusal(source(docs.head), local)
    assert len(server.requests) == 1


def test_commit_that_is_not_there(local: Policy) -> None:
    message = refusal(source(HASH), local)
    assert message.startswith(f"https://{HOST}/birds/.git could not be fetched (")


def test_server_that_is_too_slow(docs: Repo, server: GitServer, local: Policy) -> None:
    server.delay = 1.5
    message = refusal(source(docs.head), replace(local, seconds=0.4))
    assert message == f"https://{HOST}/birds/.git was not fetched: it takes more than 0.4 seconds."


def test_repository_that_is_too_large(docs: Repo, local: Policy) -> None:
    message = refusal(source(docs.head), replace(local, bytes=20))
    assert message == f"https://{HOST}/birds/.git was not fetched: it has more than 20 bytes."


def test_file_that_is_too_large(docs: Repo, local: Policy) -> None:
    message = refusal(source(docs.head), replace(local, file_bytes=3))
    assert message == f"wren.md of https://{HOST}/birds/.git has 7 bytes, and 3 are read at most."


def test_files_that_are_too_large_together(docs: Repo, local: Policy) -> None:
    assert len(list(fetch(source(docs.head, "**/*.md"), replace(local, all_bytes=23)))) == 3
    message = refusal(source(docs.head, "**/*.md"), replace(local, all_bytes=22))
    assert message == (f"the files of https://{HOST}/birds/.git that match have 23 bytes, and 22 are read at most.")


def test_files_come_one_by_one(docs: Repo, local: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of them takes none of the time that Git has, and closing it leaves nothing on the disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    files = fetch(source(docs.head, "**/*.md"), replace(local, seconds=5))
    assert [next(files).path, next(files).path] == ["deep/er/heron.md", "deep/finch.md"]
    (folder,) = tmp_path.glob("taxonomy-tools-*")
    assert (folder / "out").read_bytes() == b"# Finch\n"
    files.close()
    assert list(tmp_path.glob("taxonomy-tools-*")) == []


def test_too_many_files(docs: Repo, local: Policy) -> None:
    message = refusal(source(docs.head, "**/*.md"), replace(local, files=2))
    assert message == f"3 files of https://{HOST}/birds/.git match, and 2 are read at most."


@pytest.mark.parametrize("pattern", ["*.txt", "../*.md", "/etc/passwd", "link.md", "folder.md/*.md", ".git/config"])
def test_pattern_that_matches_no_file(docs: Repo, local: Policy, pattern: str) -> None:
    message = refusal(source(docs.head, pattern), local)
    assert message == f"no file of https://{HOST}/birds/.git matches {pattern}."
