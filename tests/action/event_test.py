"""What is fetched for an event, where a whole run would not show why."""

import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from taxonomy_tools.action.clone import CannotFetch, Clone
from taxonomy_tools.action.event import Lack, lacking, provide
from taxonomy_tools.errors import TaxonomyError
from tests.checkout import DEFAULT, Hosted, check_out
from tests.command import run
from tests.repository import Repo


@pytest.fixture
def crossed(tmp_path: Path) -> tuple[Repo, str]:
    """A shallow clone that shows a merge base which is not the right one; and the hash of that.

        main    root - one - two - three
                  \\      \\
        HEAD       \\      merged - more - head
                    aside ---------------/

    Of depth 3, HEAD ends with `merged`: the only way from there to main is by `aside` and `root`.
    """
    hosted = Repo.init(tmp_path / "hosted").served()
    root = hosted.commit({"root": "1"})
    one = hosted.commit({"one": "1"})
    hosted.commit({"two": "1"})
    hosted.commit({"three": "1"})
    hosted.git("switch", "--quiet", "-c", "aside", root)
    hosted.commit({"aside": "1"})
    hosted.git("switch", "--quiet", "-c", "head", root)
    hosted.commit({"start": "1"})
    hosted.git("merge", "--quiet", "--no-ff", "-m", "merged", one)
    hosted.commit({"more": "1"})
    hosted.git("merge", "--quiet", "--no-ff", "-m", "head", "aside")
    clone = Repo.init(tmp_path / "clone")
    clone.git("remote", "add", "origin", hosted.path.as_uri())
    clone.git("fetch", "--quiet", "--depth=3", "origin", "+refs/heads/head:refs/remotes/origin/head")
    clone.git("fetch", "--quiet", "--depth=4", "origin", "+refs/heads/main:refs/remotes/origin/main")
    clone.git("checkout", "--quiet", "-B", "head", "refs/remotes/origin/head")
    assert clone.ask("merge-base", "origin/main", "HEAD") == root
    return clone, one


def test_merge_base_that_only_part_of_the_history_shows_is_not_taken(crossed: tuple[Repo, str]) -> None:
    repo, right = crossed
    said: list[str] = []
    clone = Clone(start=repo.path, announce=said.append)
    assert lacking(clone, repo.oid("origin/main"), repo.head) is Lack.START
    assert provide(clone, "origin/main", {}) == "origin/main"
    assert clone.repository.merge_base(repo.oid("origin/main"), repo.head) == right
    assert said == ["Fetching 16 more commits of history from origin: this clone is shallow"]


def test_history_that_is_cut_off(crossed: tuple[Repo, str]) -> None:
    repo, _ = crossed
    clone = Clone(start=repo.path, announce=lambda _: None)
    main, head = repo.oid("origin/main"), repo.head
    assert not clone.is_cut_off(main, repo.oid("origin/main~2"))
    assert clone.is_cut_off(head, main)
    tree = repo.oid("HEAD^{tree}")
    long = f"tree {tree}\nparent {head}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n{'x' * (17 << 20)}\n"
    tip = repo.git("hash-object", "-w", "-t", "commit", "--stdin", stdin=long.encode()).decode().strip()
    assert clone.is_cut_off(tip, main)  # however long a message is that stands before the end


def test_branch_whose_commit_is_there_takes_nothing_from_the_clone(tmp_path: Path) -> None:
    """A commit that is fetched with a depth of one has no parents from then on."""
    hosted = Repo.init(tmp_path / "hosted").served()
    for number in range(30):
        hosted.commit({"a": str(number)})
    hosted.branch("proposal")
    hosted.commit({"b": "1"})
    clone = Repo.init(tmp_path / "clone")
    clone.git("remote", "add", "origin", hosted.path.as_uri())
    clone.git("fetch", "--quiet", "--depth=20", "origin", "+refs/heads/proposal:refs/remotes/origin/proposal")
    clone.git("checkout", "--quiet", "-B", "proposal", "refs/remotes/origin/proposal")
    said: list[str] = []
    provide(Clone(start=clone.path, announce=said.append), "origin/main", {})
    assert said == ["Fetching origin/main from origin"]
    assert (clone.oid("origin/main"), clone.ask("rev-list", "--count", "HEAD")) == (hosted.oid("main"), "20")


@pytest.mark.parametrize("kind", ["bare", "with itself as the working tree"])
def test_repository_in_the_place_of_the_taxonomy_is_refused(tmp_path: Path, kind: str) -> None:
    """As a pull request can bring one along: Git takes it for the one that its files belong to."""
    repo = Repo.init(tmp_path / "work")
    repo.commit({"data/qna.yaml": "1"})
    evil = Repo.init(tmp_path / "evil", bare=True)
    shutil.copytree(evil.path, repo.path / "data", dirs_exist_ok=True)
    if kind != "bare":
        (repo.path / "data/config").write_text("[core]\n\tbare = false\n\tworktree = .\n")
    with pytest.raises(TaxonomyError, match="data has the look of a Git repository, but it is a folder of the"):
        Clone(start=repo.path / "data", announce=lambda _: None)


def test_bare_repository_is_no_checkout(tmp_path: Path) -> None:
    bare = Repo.init(tmp_path / "bare.git", bare=True)
    with pytest.raises(TaxonomyError) as raised:
        Clone(start=bare.path, announce=lambda _: None)
    assert raised.value.message == f"{bare.path} is a bare repository, and no checkout."


def test_submodule_in_the_place_of_the_taxonomy_is_refused(tmp_path: Path) -> None:
    """As actions/checkout with `submodules: true` brings it: what is compared would all be its author's."""
    other = Repo.init(tmp_path / "other")
    other.commit({"tax/qna.yaml": "1"})
    repo = Repo.init(tmp_path / "work")
    repo.commit({"a": "1"})
    repo.git("submodule", "add", "--quiet", other.path.as_uri(), "data")
    for start in ("data", "data/tax"):
        with pytest.raises(TaxonomyError) as raised:
            Clone(start=repo.path / start, announce=lambda _: None)
        assert raised.value.message == (
            f"{repo.path}/data is a submodule of {repo.path}: its own history would be compared, not what is proposed."
        )


def test_history_is_fetched_in_steps_that_grow(tmp_path: Path) -> None:
    hosted = Repo.init(tmp_path / "hosted").served()
    stream = "".join(
        f"commit refs/heads/main\ncommitter Ada <ada@example.org> {number} +0000\ndata 1\nx\n" for number in range(200)
    )
    hosted.git("fast-import", "--quiet", stdin=stream.encode())
    first = hosted.oid("main~199")
    clone = Repo.init(tmp_path / "clone")
    clone.git("remote", "add", "origin", hosted.path.as_uri())
    clone.git("fetch", "--quiet", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main")
    clone.git("checkout", "--quiet", "-B", "main", "refs/remotes/origin/main")
    said: list[str] = []
    provide(Clone(start=clone.path, announce=said.append), first, {})
    assert said == [
        f"Fetching {first} from origin",
        "Fetching 16 more commits of history from origin: this clone is shallow",
        "Fetching 128 more commits of history from origin: this clone is shallow",
        "Fetching 1024 more commits of history from origin: this clone is shallow",
    ]


@pytest.mark.parametrize(
    ("name", "event"),
    [
        pytest.param("pull_request", {}, id="no pull request"),
        pytest.param("pull_request", {"pull_request": {"head": "x"}}, id="a head that is none"),
        pytest.param("push", {"before": "--upload-pack=x"}, id="a push from no commit"),
        pytest.param("push", {"before": "0" * 40}, id="a new branch and no default"),
        pytest.param("merge_group", {"merge_group": {"base_sha": "main"}}, id="a merge group on no commit"),
        pytest.param("workflow_dispatch", [], id="no event at all"),
        pytest.param("workflow_dispatch", None, id="no file"),
    ],
)
def test_event_that_says_nothing_is_left_to_the_engine(tmp_path: Path, name: str, event: object) -> None:
    hosted = Hosted.make(tmp_path / "hosted")
    repo = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=1)
    file = tmp_path / "event.json"
    if event is not None:
        file.write_text(json.dumps(event))
    environ = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": os.fspath(file)}
    said: list[str] = []
    assert (provide(Clone(start=repo.path, announce=said.append), None, environ), said) == (None, [])
    if name != "workflow_dispatch":
        with pytest.raises(TaxonomyError):  # as the engine has it
            provide(Clone(start=repo.path, announce=said.append), None, {**environ, "GITHUB_ACTIONS": "true"})
    assert said == []


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        pytest.param({"TAXONOMY_BASE": "origin/main"}, ["Fetching origin/main from origin"], id="a branch"),
        pytest.param({"TAXONOMY_BASE": "empty"}, [], id="the whole tree"),
    ],
)
def test_base_of_the_environment_is_fetched_too(tmp_path: Path, environ: Mapping[str, str], said: list[str]) -> None:
    hosted = Hosted.make(tmp_path / "hosted")
    repo = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=1)
    announced: list[str] = []
    assert provide(Clone(start=repo.path, announce=announced.append), None, environ) is None
    assert announced[:1] == said


def test_clone_without_a_commit_is_left_to_the_engine(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "work")
    repo.git("remote", "add", "origin", Hosted.make(tmp_path / "hosted").repo.path.as_uri())
    assert provide(Clone(start=repo.path, announce=lambda _: None), "origin/main", {}) == "origin/main"


def test_fetch_runs_nothing_that_the_clone_names(tmp_path: Path) -> None:
    hosted = Hosted.make(tmp_path / "hosted")
    repo = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=1)
    marks = tmp_path / "marks"
    marks.mkdir()
    trap = tmp_path / "trap"
    trap.write_text(f'#!/bin/sh\ntouch "{marks}/$(basename "$0")-$1"\nexit 1\n')
    trap.chmod(0o755)
    hooks = repo.path / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("reference-transaction", "post-checkout", "pre-auto-gc"):
        file = hooks / hook
        file.write_bytes(trap.read_bytes())
        file.chmod(0o755)
    keys = ("core.sshCommand", "core.fsmonitor", "core.askPass", "credential.helper", "remote.origin.uploadpack")
    for key in (*keys, "filter.x.smudge", f"credential.{hosted.repo.path.as_uri()}.helper"):
        repo.git("config", key, str(trap))
    Clone(start=repo.path, announce=lambda _: None).fetch(
        "origin/main", f"+refs/heads/main:refs/remotes/origin/{DEFAULT}"
    )
    assert [path.name for path in marks.iterdir()] == []
    assert repo.oid("origin/main") == hosted.base
    # The control: a plain fetch falls into the first of them.
    run("/usr/bin/env", "git", "fetch", "origin", cwd=repo.path)
    assert [path.name for path in marks.iterdir()] != []


def test_what_the_user_has_configured_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper with the user's credentials, as of a machine of one's own."""
    hosted = Hosted.make(tmp_path / "hosted")
    repo = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=1)
    config = tmp_path / "gitconfig"
    called = tmp_path / "called"
    config.write_text(f'[core]\n\tsshCommand = "touch {called} && false"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.fspath(config))
    repo.git("remote", "set-url", "origin", "ssh://localhost/nowhere")
    with pytest.raises(CannotFetch, match="could not be fetched from origin"):
        Clone(start=repo.path, announce=lambda _: None).fetch(
            "origin/main", "+refs/heads/main:refs/remotes/origin/main"
        )
    assert called.exists()


def test_remote_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosted = Hosted.make(tmp_path / "hosted")
    repo = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=1)
    config = tmp_path / "gitconfig"
    config.write_text('[core]\n\tsshCommand = "sleep 5;"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.fspath(config))
    monkeypatch.setattr("taxonomy_tools.action.clone._SECONDS", 0.3)
    repo.git("remote", "set-url", "origin", "ssh://localhost/nowhere")
    with pytest.raises(CannotFetch, match=r"origin/main could not be fetched from origin \(no answer within"):
        Clone(start=repo.path, announce=lambda _: None).fetch(
            "origin/main", "+refs/heads/main:refs/remotes/origin/main"
        )


@contextmanager
def private_host() -> Iterator[tuple[str, list[str | None]]]:
    """A server that lets nobody in, as GitHub does without a token: its address, and the credentials it was sent."""
    sent: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(self.headers["Authorization"])
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", sent
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="persist-credentials is false"),
        pytest.param("AUTHORIZATION: basic dG9rZW4=", id="a token that may not"),
    ],
)
def test_private_repository_asks_nobody_and_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    """The token that actions/checkout leaves in the clone's config is sent; no helper or person is asked for one."""
    monkeypatch.setenv("NO_PROXY", "*")
    hosted = Hosted.make(tmp_path / "hosted")
    repo = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=1)
    with private_host() as (url, sent):
        repo.git("remote", "set-url", "origin", f"{url}taxonomies/example")
        if token:
            repo.git("config", f"http.{url}.extraheader", token)
        with pytest.raises(TaxonomyError) as raised:
            provide(Clone(start=repo.path, announce=lambda _: None), "origin/main", {})
    assert raised.value.message.startswith(
        "the base of this run, `origin/main`, is not in this clone: origin/main could not be fetched from origin ("
    )
    assert [remedy.command or remedy.label for remedy in raised.value.remedies] == [
        "fetch-depth: 0",
        "With persist-credentials: false there is no token to fetch with, which a private repository asks for.",
        "base: REF",
    ]
    assert set(sent) == {token.partition(": ")[2] or None}
