"""`taxonomy doctor`, as its users call it: real repositories, real hooks, and a server that answers as Ollama does."""

import errno
import json
import os
import re
import shlex
import shutil
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from taxonomy_tools import __version__, installed
from tests.command import SCRIPTS, Result, leaf, run
from tests.repository import Repo

NAME = "granite3.3:8b"
DIGEST = "4b1c" + "0" * 60
MODELS = {"models": [{"name": NAME, "model": NAME, "size": 4_900_000_000, "digest": DIGEST}]}


@dataclass
class Ollama:
    """A server, and what it answers: bytes as they are, anything else as JSON. A status other than 200 comes first."""

    port: int
    answers: dict[str, object] = field(
        default_factory=lambda: {"version": {"version": "0.24.0"}, "tags": MODELS, "ps": {"models": []}}
    )
    status: int = 200

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def load(self, *, size: int, on_gpu: int) -> None:
        """Have the model in memory."""
        self.answers["ps"] = {"models": [{"name": NAME, "digest": DIGEST, "size": size, "size_vram": on_gpu}]}


@pytest.fixture
def ollama() -> Iterator[Ollama]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = served.answers.get(self.path.removeprefix("/api/"), b"404 page not found")
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(served.status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Ollama(port=server.server_port)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture
def clone(tmp_path: Path) -> Repo:
    """A clone of a taxonomy, by somebody whom Git and GitHub know."""
    upstream = Repo.init(tmp_path / "upstream")
    upstream.commit(leaf("compositional_skills/there"))
    mine = upstream.clone(tmp_path / "mine", origin="upstream")
    mine.config(user__name="Ada Lovelace", user__email="ada@example.org", github__user="ada-l")
    return mine


def doctor(
    repo: Repo, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[int, list[str]]:
    """The exit code, and the lines, without versions and what differs from run to run."""
    quiet = {"OLLAMA_HOST": "127.0.0.1:1", **(env or {})}
    done = run("taxonomy", "doctor", *arguments, cwd=cwd or repo.path, env=quiet)
    assert done.err == ""
    text = done.out.replace(os.fspath(repo.path), "PLACE")
    return done.status, [re.sub(r" {3,}", "  ", plain(line)) for line in text.splitlines()]


def plain(line: str) -> str:
    line = re.sub(r"(Git|yamllint) \d+(\.\d+)*", r"\1 N", line)
    return re.sub(r"\(([0-9a-f]{7})\)", "(HASH)", line)


def about(lines: list[str], word: str) -> list[str]:
    """The lines about one thing."""
    return [line for line in lines if word in line]


def test_what_a_fresh_clone_has_and_lacks(clone: Repo) -> None:
    soon = time.time() + 3600  # however long this takes
    refused = f"[Errno {errno.ECONNREFUSED}] Connection refused"
    (clone.path / ".git/FETCH_HEAD").touch()
    os.utime(clone.path / ".git/FETCH_HEAD", (soon, soon))
    status, lines = doctor(clone)
    assert (status, lines) == (
        0,
        [
            "ok  Git N",
            "ok  repository at PLACE",
            "ok  author: Ada Lovelace <ada@example.org>, ada-l on GitHub",
            "ok  config: the defaults (there is no .taxonomy-tools.yaml)",
            "ok  base: upstream/main (HASH), fetched just now",
            "warn  hooks: there is no .pre-commit-config.yaml  taxonomy init",
            "ok  yamllint N runs, with the default rules",
            "ok  cache: what was found in leaves is kept",
            f"warn  no Ollama server answers at http://127.0.0.1:1: {refused}  ollama serve",
        ],
    )


# --- what is needed


def test_without_git_nothing_works(clone: Repo, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    status, lines = doctor(clone, env={"PATH": os.fspath(tmp_path / "bin")})
    assert (status, [line for line in lines if line.startswith("fail")]) == (
        2,
        ["fail  Git could not be started: it is not installed, or not on the PATH  https://git-scm.com/downloads"],
    )


def test_without_a_repository(tmp_path: Path, clone: Repo) -> None:
    (tmp_path / "plain").mkdir()
    status, lines = doctor(clone, cwd=tmp_path / "plain")
    assert (status, lines[1]) == (
        2,
        f"fail  {tmp_path / 'plain'} is not inside a Git repository  taxonomy doctor -C PATH",
    )
    assert doctor(clone, "-C", os.fspath(clone.path), cwd=tmp_path / "plain") == doctor(clone)


def test_a_config_that_is_none(clone: Repo) -> None:
    clone.write(".taxonomy-tools.yaml", "fail_on: sometimes\n")
    status, lines = doctor(clone)
    assert (status, about(lines, "config")[0]) == (
        2,
        "fail  the config .taxonomy-tools.yaml has 1 error  taxonomy schema config",
    )


def test_a_config_that_sets_something_and_one_that_does_not(clone: Repo) -> None:
    clone.write(".taxonomy-tools.yaml", "fail_on: warning\n")
    assert about(doctor(clone)[1], "config: ") == ["ok  config: .taxonomy-tools.yaml"]
    clone.write(".taxonomy-tools.yaml", "# later\n")
    assert about(doctor(clone)[1], "config: ") == ["ok  config: .taxonomy-tools.yaml, which sets nothing"]


def test_a_base_that_is_not_there(clone: Repo) -> None:
    assert doctor(clone, env={"TAXONOMY_BASE": "nowhere"})[1][4] == (
        "fail  base: TAXONOMY_BASE names the base, but there is no `nowhere` in this repository  git branch --all"
    )
    clone.write(".taxonomy-tools.yaml", "base: upstream/gone\n")
    status, lines = doctor(clone)
    assert (status, about(lines, "base")[0].partition(",")[0]) == (2, "fail  base: the config names the base")


def test_a_base_that_is_old_is_to_be_fetched(clone: Repo) -> None:
    long_ago = time.time() - 30.5 * 24 * 3600
    git = clone.path / ".git"
    (git / "FETCH_HEAD").touch()
    for trace in (git / "FETCH_HEAD", *(git / "refs/remotes/upstream").iterdir()):
        os.utime(trace, (long_ago, long_ago))
    shutil.rmtree(git / "logs")
    assert about(doctor(clone)[1], "base") == [
        "warn  base: upstream/main (HASH), fetched 30 days ago  git fetch upstream"
    ]


def test_a_shallow_clone_without_a_common_commit(clone: Repo, tmp_path: Path) -> None:
    upstream = Repo(path=tmp_path / "upstream")
    clone.commit(leaf("knowledge/mine"))
    clone.git("push", "--quiet", "upstream", "HEAD:refs/heads/mine")
    upstream.commit(leaf("compositional_skills/more"))
    shallow = upstream.clone(tmp_path / "shallow", "--depth=1", "--no-single-branch")
    shallow.git("switch", "--quiet", "mine")
    status, lines = doctor(shallow, env={"TAXONOMY_BASE": "origin/main"})
    assert status == 2
    assert about(lines, "shallow")[0].startswith("warn  repository at ")
    assert about(lines, "base:") == [
        "fail  base: origin/main (HASH) has no commit in common with HEAD  git fetch --unshallow"
    ]


def test_an_author_whom_nobody_knows(clone: Repo) -> None:
    clone.git("config", "--unset", "github.user")
    (unknown,) = about(doctor(clone)[1], "author")
    assert unknown == (
        "warn  author: Ada Lovelace <ada@example.org>, whose name on GitHub is not known  "
        "git config --global github.user USER"
    )
    clone.git("config", "--unset", "user.email")
    assert about(doctor(clone)[1], "author") == [
        "warn  author: Git's config has no user.email, which a sign-off needs  git config --global user.email EMAIL"
    ]


def test_yamllint_rules_that_are_none_are_found_out(clone: Repo) -> None:
    clone.write(".taxonomy-tools.yaml", "yaml_rules: {rules: {no-such-rule: enable}}\n")
    status, lines = doctor(clone)
    assert status == 2
    assert about(lines, "no-such-rule") != []


def test_a_cache_that_is_off_or_cannot_be(clone: Repo) -> None:
    assert about(doctor(clone, env={"TAXONOMY_CACHE": "off"})[1], "cache") == [
        "ok  cache: none, each run looks at every leaf anew"
    ]
    status, lines = doctor(clone, env={"TAXONOMY_CACHE": "here"})
    assert status == 0
    assert about(lines, "cache")[0] == (
        "warn  cache: TAXONOMY_CACHE must be a full path or `off`, not `here`: going on without a cache  "
        "TAXONOMY_CACHE=/FULL/PATH"
    )


# --- hooks


GENERATED = "#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\nexec pre-commit hook-impl\n"


def hooks(*names: str, rev: str = f"v{__version__}", more: str = "") -> str:
    listed = "".join(f"      - id: {name}\n" + (f"        {more}\n" if more else "") for name in names)
    return f"repos:\n  - repo: https://example.org/taxonomy-tools\n    rev: {rev}\n    hooks:\n{listed}"


def test_hooks_are_installed_one_stage_after_the_other(clone: Repo) -> None:
    clone.write(".pre-commit-config.yaml", hooks("taxonomy-check", "taxonomy-signoff", "taxonomy-fix"))
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"

    def found() -> list[str]:
        return about(doctor(clone, env={"PATH": path})[1], "hooks:")

    assert found() == [
        "warn  hooks: commit-msg is not installed  pre-commit install --hook-type commit-msg",
        "warn  hooks: pre-commit is not installed  pre-commit install --hook-type pre-commit",
    ]
    assert run("pre-commit", "install", cwd=clone.path, env={"PATH": path}).status == 0
    assert found() == [
        "warn  hooks: pre-commit is installed, commit-msg is not  pre-commit install --hook-type commit-msg"
    ]
    assert run("pre-commit", "install", "--hook-type", "commit-msg", cwd=clone.path, env={"PATH": path}).status == 0
    assert found() == ["ok  hooks: commit-msg and pre-commit are installed"]


@pytest.mark.parametrize(
    ("script", "mode", "expected"),
    [
        pytest.param("#!/bin/sh\nexit 0\n", 0o755, "pre-commit is another program", id="another program"),
        pytest.param(
            "#!/bin/sh\n# To enable it, rename this file to pre-commit: see taxonomy-check.\nexit 0\n",
            0o755,
            "pre-commit is another program",
            id="Git's sample",
        ),
        pytest.param("exec my-taxonomy-check-er\n", 0o755, "pre-commit is another program", id="another name"),
        pytest.param("#!/bin/sh\nexec taxonomy-check\n", 0o755, "", id="by hand"),
        pytest.param('#!/bin/sh\n"$HOME/.venv/bin/taxonomy-layout" || exit\n', 0o755, "", id="by hand, with its path"),
        pytest.param("#!/bin/sh\npre-commit run\n", 0o755, "", id="pre-commit by hand"),
        pytest.param("#!/bin/sh\n# File generated by prek: https://x\nexec prek\n", 0o755, "", id="prek"),
        pytest.param(GENERATED, 0o644, "pre-commit may not be run: Git passes it over", id="not executable"),
        pytest.param(
            "# File generated by pre-commit\nINSTALL_PYTHON=/gone/python3\nexec $INSTALL_PYTHON -mpre_commit\n",
            0o755,
            "pre-commit names a Python that is gone (/gone/python3)",
            id="an old environment",
        ),
    ],
)
@pytest.mark.parametrize("folder", [pytest.param(None, id="Git's folder"), pytest.param("githooks", id="another")])
def test_what_git_would_run(clone: Repo, folder: str | None, script: str, mode: int, expected: str) -> None:
    clone.write(".pre-commit-config.yaml", hooks("taxonomy-layout"))
    if folder is not None:
        clone.config(core__hooksPath=folder)
    clone.write(f"{folder or '.git/hooks'}/pre-commit", script).chmod(mode)
    (found,) = about(doctor(clone, env={"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"})[1], "hooks:")
    # There, pre-commit refuses to install.
    unset = "git config --unset-all core.hooksPath"
    mend = f"  {unset if folder is not None else 'pre-commit install --hook-type pre-commit'}"
    assert found == (f"warn  hooks: {expected}{mend}" if expected else "ok  hooks: pre-commit is installed")


def test_where_hooks_path_is_set_pre_commit_refuses_until_it_is_not(clone: Repo) -> None:
    env = {"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    clone.write(".pre-commit-config.yaml", hooks("taxonomy-check"))
    clone.config(core__hooksPath="githooks")
    unset = "git config --unset-all core.hooksPath"
    assert about(doctor(clone, env=env)[1], "hooks:") == [f"warn  hooks: pre-commit is not installed  {unset}"]
    assert run("pre-commit", "install", cwd=clone.path, env=env).status != 0
    clone.git(*unset.split()[1:])
    assert run("pre-commit", "install", cwd=clone.path, env=env).status == 0
    assert about(doctor(clone, env=env)[1], "hooks:") == ["ok  hooks: pre-commit is installed"]


def test_where_hooks_path_is_set_prek_goes_there(clone: Repo, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for program in (Path(shutil.which("git") or "git"), SCRIPTS / "prek"):
        (tmp_path / "bin" / program.name).symlink_to(program)
    env = {"PATH": os.fspath(tmp_path / "bin")}
    clone.write(".pre-commit-config.yaml", hooks("taxonomy-check"))
    clone.config(core__hooksPath="githooks")
    mend = "prek install --hook-type pre-commit"
    assert about(doctor(clone, env=env)[1], "hooks:") == [f"warn  hooks: pre-commit is not installed  {mend}"]
    assert run(*mend.split(), cwd=clone.path, env=env).status == 0
    assert about(doctor(clone, env=env)[1], "hooks:") == ["ok  hooks: pre-commit is installed"]


@pytest.mark.parametrize("runner", ["pre-commit", "prek"])
def test_hooks_path_of_all_repositories_is_unset_there(clone: Repo, tmp_path: Path, runner: str) -> None:
    (tmp_path / "bin").mkdir()
    for program in (Path(shutil.which("git") or "git"), SCRIPTS / runner):
        (tmp_path / "bin" / program.name).symlink_to(program)
    (tmp_path / "gitconfig").write_text("[core]\n\thooksPath = /nowhere\n")
    env = {"GIT_CONFIG_GLOBAL": os.fspath(tmp_path / "gitconfig"), "PATH": os.fspath(tmp_path / "bin")}
    clone.write(".pre-commit-config.yaml", hooks("taxonomy-check"))
    mend = "git config --global --unset-all core.hooksPath"
    assert about(doctor(clone, env=env)[1], "hooks:") == [f"warn  hooks: pre-commit is not installed  {mend}"]
    assert run(runner, "install", cwd=clone.path, env=env).status != 0


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_in_place_of_a_hook_is_not_waited_for(clone: Repo, tmp_path: Path, linked: bool) -> None:
    clone.write(".pre-commit-config.yaml", hooks("taxonomy-check"))
    place = clone.path / ".git/hooks/pre-commit"
    place.parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / "pipe" if linked else place)
    if linked:
        place.symlink_to(tmp_path / "pipe")
    (found,) = about(doctor(clone, env={"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"})[1], "hooks:")
    assert found == "warn  hooks: pre-commit is no file  pre-commit install --hook-type pre-commit"


def test_a_folder_in_place_of_a_hook(clone: Repo) -> None:
    clone.write(".pre-commit-config.yaml", hooks("taxonomy-check"))
    (clone.path / ".git/hooks/pre-commit").mkdir(parents=True)
    (found,) = about(doctor(clone, env={"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"})[1], "hooks:")
    assert found.startswith("warn  hooks: pre-commit cannot be read (Is a directory)  ")


def test_hooks_without_pre_commit(clone: Repo, tmp_path: Path) -> None:
    """As the README has them: neither a config nor a program is needed for these."""
    assert about(doctor(clone)[1], "hooks:") == ["warn  hooks: there is no .pre-commit-config.yaml  taxonomy init"]
    clone.write(".git/hooks/pre-commit", "#!/bin/sh\nexec taxonomy-check\n").chmod(0o755)
    clone.write(".git/hooks/commit-msg", '#!/bin/sh\nexec taxonomy-signoff "$1"\n').chmod(0o755)
    assert about(doctor(clone)[1], "hooks:") == [
        "ok  hooks: commit-msg and pre-commit are installed, by hand: there is no .pre-commit-config.yaml"
    ]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(shutil.which("git") or "git")
    clone.write(".pre-commit-config.yaml", hooks("taxonomy-check", "taxonomy-signoff"))
    assert about(doctor(clone, env={"PATH": os.fspath(tmp_path / "bin")})[1], "hooks:") == [
        "ok  hooks: commit-msg and pre-commit are installed"
    ]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(hooks("taxonomy-check", more="stages: [commit]"), "pre-commit", id="an old name"),
        pytest.param(hooks("taxonomy-diff", more="stages: [push, manual]"), "pre-push", id="another"),
        pytest.param(hooks("taxonomy-check", more="stages: [merge-commit]"), "pre-merge-commit", id="of Git's"),
        pytest.param(
            f"default_stages: [push]\n{hooks('taxonomy-check')}",
            "pre-commit",
            id="a default that our manifest overrides",
        ),
        pytest.param(
            f"default_stages: [push]\n{hooks('taxonomy-check', more='stages: []')}", "pre-push", id="a default for none"
        ),
        pytest.param(
            "default_stages: [commit-msg]\nrepos: [{repo: local, hooks: [{id: taxonomy-check}]}]\n",
            "commit-msg",
            id="a default for local hooks",
        ),
        pytest.param("repos: [{repo: local, hooks: [{id: taxonomy-check}]}]\n", "pre-commit", id="no default"),
    ],
)
def test_stages_are_those_that_pre_commit_takes(clone: Repo, config: str, expected: str) -> None:
    clone.write(".pre-commit-config.yaml", config)
    (found,) = about(doctor(clone, env={"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"})[1], "hooks:")
    assert found == f"warn  hooks: {expected} is not installed  pre-commit install --hook-type {expected}"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(hooks("taxonomy-check", more="stages: [manual]"), "taxonomy-check is", id="one"),
        pytest.param(hooks("taxonomy-fix"), "taxonomy-fix is", id="by itself"),
        pytest.param(
            hooks("taxonomy-fix", "taxonomy-check", more="stages: [manual]"),
            "taxonomy-check and taxonomy-fix are",
            id="two",
        ),
    ],
)
def test_hooks_that_never_run_are_told_of(clone: Repo, config: str, expected: str) -> None:
    clone.write(".pre-commit-config.yaml", config)
    assert about(doctor(clone, env={"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"})[1], "hooks:") == [
        f"warn  hooks: {expected} for no commit or push, by .pre-commit-config.yaml  stages: [pre-commit]"
    ]


def test_hooks_of_a_linked_working_tree_are_those_of_all(clone: Repo, tmp_path: Path) -> None:
    clone.commit({".pre-commit-config.yaml": hooks("taxonomy-check")})
    clone.write(".git/hooks/pre-commit", GENERATED).chmod(0o755)
    clone.git("worktree", "add", "--quiet", "-b", "other", tmp_path / "linked")
    assert about(doctor(Repo(path=tmp_path / "linked"))[1], "hooks:")[-1:] == ["ok  hooks: pre-commit is installed"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param("repos: []\n", ".pre-commit-config.yaml names no hook of taxonomy-tools", id="no hook"),
        pytest.param("repos: [{hooks: [7, {id: [x]}]}, 7]\n", "names no hook of taxonomy-tools", id="of wrong types"),
        pytest.param("repos: [\n", ".pre-commit-config.yaml ", id="no YAML"),
        pytest.param(None, ".pre-commit-config.yaml is a symbolic link: put the file itself there", id="a link"),
    ],
)
def test_a_config_of_hooks_that_is_of_no_use(clone: Repo, config: str | None, expected: str) -> None:
    if config is None:
        clone.link(".pre-commit-config.yaml", "/etc/passwd")
    else:
        clone.write(".pre-commit-config.yaml", config)
    (found,) = about(doctor(clone)[1], "hooks:")
    assert found.startswith("warn  hooks: ")
    assert found.endswith("  taxonomy init")
    assert expected in found


def test_hooks_of_another_version(clone: Repo) -> None:
    clone.write(".pre-commit-config.yaml", hooks("taxonomy-check", rev="v0.0.1"))
    clone.write(".git/hooks/pre-commit", GENERATED).chmod(0o755)
    assert about(doctor(clone)[1], "names version")[0].partition("  pre")[0] == (
        f"warn  hooks: .pre-commit-config.yaml names version 0.0.1, and this is {__version__}"
    )


# --- Ollama


def test_a_model_that_is_not_loaded(clone: Repo, ollama: Ollama) -> None:
    status, lines = doctor(clone, "--for", "generate", "--model", NAME, "--host", ollama.host)
    assert (status, lines[-2:]) == (
        0,
        [
            f"ok  Ollama 0.24.0 at http://{ollama.host}",
            f"ok  model {NAME} (sha256:4b1c00000000), not loaded: how much of it fits on the GPU shows when it runs",
        ],
    )


@pytest.mark.parametrize(
    ("size", "on_gpu", "expected"),
    [
        pytest.param(8_000, 8_000, "ok  model {}, all of it on the GPU", id="all"),
        pytest.param(8_000, 2_000, "warn  model {}, 25% of it on the GPU, the rest on the CPU: slow", id="some"),
        pytest.param(8_000, 0, "warn  model {}, all of it on the CPU: slow", id="none"),
    ],
)
def test_how_much_of_a_model_is_on_the_gpu(clone: Repo, ollama: Ollama, size: int, on_gpu: int, expected: str) -> None:
    ollama.load(size=size, on_gpu=on_gpu)
    status, lines = doctor(clone, "--model", NAME, "--host", ollama.host)
    assert (status, lines[-1].partition("  a smaller")[0]) == (
        0,
        expected.format(f"{NAME} (sha256:4b1c00000000)"),
    )


def test_a_model_that_is_not_there_is_needed_only_for_generation(clone: Repo, ollama: Ollama) -> None:
    missing = "model other is not there  ollama pull other"
    assert doctor(clone, "--model", "other", "--host", ollama.host)[0] == 2
    env = {"OLLAMA_HOST": ollama.host}
    assert doctor(clone, env=env)[1][-1].partition("  gen")[0] == "warn  no model is named (1 model is there)"
    clone.write(".taxonomy-tools.yaml", f"generate:\n  model: other\n  host: http://{ollama.host}\n")
    status, lines = doctor(clone)
    assert (status, lines[-1]) == (2, f"fail  {missing}")


@pytest.mark.parametrize("name", ["granite3.3", "granite3.3:latest"])
def test_a_name_without_a_tag_is_the_latest(clone: Repo, ollama: Ollama, name: str) -> None:
    ollama.answers["tags"] = {"models": [{"name": "granite3.3:latest", "digest": DIGEST}]}
    assert "model granite3.3:latest (sha256:" in doctor(clone, "--model", name, "--host", ollama.host)[1][-1]


@pytest.mark.parametrize(
    ("answers", "status", "expected"),
    [
        pytest.param({"version": b"<html>"}, 200, "its answer to /api/version is no JSON", id="no JSON"),
        pytest.param({"version": b"[" * 100_000}, 200, "its answer to /api/version is no JSON", id="deep JSON"),
        pytest.param({"version": []}, 200, "its answer to /api/version is no JSON object", id="a list"),
        pytest.param({"version": {"version": 24}}, 200, "it does not tell its version", id="no version"),
        pytest.param({}, 404, "it answers /api/version with 404", id="not found"),
        pytest.param({"tags": b"x" * (9 << 20)}, 200, "its answer to /api/tags does not end", id="without an end"),
    ],
)
def test_what_is_no_ollama(clone: Repo, ollama: Ollama, answers: dict[str, object], status: int, expected: str) -> None:
    ollama.answers |= answers
    ollama.status = status
    found = doctor(clone, "--for", "generate", "--host", ollama.host)
    assert (found[0], found[1][-1]) == (
        2,
        f"fail  what answers at http://{ollama.host} is no Ollama server: {expected}  OLLAMA_HOST=HOST:PORT",
    )


def test_models_of_wrong_types_are_passed_over(clone: Repo, ollama: Ollama) -> None:
    wrong = [7, {}, {"name": NAME}, {"name": [], "digest": 1}, {"name": NAME, "digest": DIGEST, "size_vram": "all"}]
    ollama.answers |= {"tags": {"models": wrong}, "ps": {"models": {"a": 1}}}
    assert "not loaded" in doctor(clone, "--model", NAME, "--host", ollama.host)[1][-1]


def test_a_server_that_says_nothing_is_not_waited_for(clone: Repo) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        status, lines = doctor(clone, "--host", address)
    assert (status, lines[-1]) == (
        2,
        f"fail  no Ollama server answers at http://{address}: no answer within 3 seconds  ollama serve",
    )


def test_no_proxy_is_asked_for_this_machine(clone: Repo, ollama: Ollama) -> None:
    proxy = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"}
    assert doctor(clone, "--model", NAME, "--host", ollama.host, env=proxy)[0] == 0


def test_every_host_is_asked_and_a_password_not_shown(clone: Repo, ollama: Ollama) -> None:
    hosts = f"[http://ada:secret@{ollama.host}, '127.0.0.1:1']"
    clone.write(".taxonomy-tools.yaml", f"generate: {{model: '{NAME}', host: {hosts}}}\n")
    status, lines = doctor(clone)
    assert status == 2
    assert lines[-3] == f"ok  Ollama 0.24.0 at http://{ollama.host}"
    assert lines[-1].startswith("fail  no Ollama server answers at http://127.0.0.1:1: ")


@pytest.mark.parametrize("host", ["ftp://gpu", "http://", "[", "a b"])
def test_what_is_no_address(clone: Repo, host: str) -> None:
    status, lines = doctor(clone, "--host", host)
    assert (status, lines[-1].partition(" server:")[0]) == (2, f"fail  `{host}` is no address of an Ollama")


def test_without_the_extra_it_is_a_warning_unless_it_is_needed(clone: Repo, tmp_path: Path) -> None:
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked/httpx.py").write_text("raise ImportError('not installed')\n")
    env = {"PYTHONPATH": os.fspath(tmp_path / "blocked")}
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = "Ollama: not looked for, because the parts that make sample data are not installed  " + shlex.join(
        [sys.executable, "-m", "pip", "install", *project["optional-dependencies"]["generate"]]
    )
    assert (doctor(clone, env=env)[0], doctor(clone, env=env)[1][-1]) == (0, f"warn  {said}")
    assert doctor(clone, "--for=generate", env=env)[1][-1] == f"fail  {said}"


def test_whole_output(clone: Repo, ollama: Ollama) -> None:
    done = run("taxonomy", "doctor", "--model", "other", cwd=clone.path, env={"OLLAMA_HOST": ollama.host})
    assert Result(status=done.status, out="\n".join(done.out.splitlines()[-2:]), err=done.err) == Result(
        status=2,
        out=f"ok    Ollama 0.24.0 at http://{ollama.host}\nfail  {'model other is not there':<42}  ollama pull other",
        err="",
    )


def test_the_hooks_looked_for_are_those_of_the_manifest() -> None:
    manifest = yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text())
    assert {hook["id"]: hook["stages"][0] for hook in manifest} == installed.STAGES
