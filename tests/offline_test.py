"""Everything works without a network, and nothing tries to reach one."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from docs import demo
from tests.command import Result, run
from tests.repository import Repo

BLOCKER = """
import os, socket

def refuse(*arguments, **options):
    with open(os.environ["TAXONOMY_TESTS_TRIED"], "a") as file:
        file.write("a socket was asked for\\n")
    raise OSError("the network is blocked by this test")

socket.getaddrinfo = socket.gethostbyname = socket.create_connection = refuse

class Blocked(socket.socket):
    def __new__(cls, family=socket.AF_INET, *arguments, **options):
        if family in (-1, socket.AF_INET, socket.AF_INET6):
            refuse()
        return super().__new__(cls, family, *arguments, **options)

socket.socket = Blocked
"""
CONNECT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=5).close()"


@dataclass(frozen=True, kw_only=True)
class Block:
    """A way to keep processes from the network: what to start them with, and their environment."""

    prefix: Sequence[str] = ()
    env: dict[str, str] = field(default_factory=dict)
    tried: Path


def namespace(tmp_path: Path) -> Block:
    """A network of its own, with nothing in it, for a process and all that it starts."""
    command = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network namespaces here: not on this system, or not for this user")
    return Block(prefix=command, tried=tmp_path / "tried")


def sockets(tmp_path: Path) -> Block:
    """Every socket of our own processes that could leave the machine raises, and is noted."""
    folder = tmp_path / "blocker"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BLOCKER)
    tried = tmp_path / "tried"
    return Block(env={"PYTHONPATH": os.fspath(folder), "TAXONOMY_TESTS_TRIED": os.fspath(tried)}, tried=tried)


@pytest.fixture(params=[namespace, sockets], ids=["no network", "no sockets"])
def block(request: pytest.FixtureRequest, tmp_path: Path) -> Block:
    made: Block = request.param(tmp_path)
    return made


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The demo's clone, with a remote that nobody can reach."""
    made = demo.build(tmp_path / "demo")
    Repo(path=made).git("remote", "set-url", "upstream", "https://taxonomy.invalid/upstream.git")
    return made


def offline(block: Block, *command: str | Path, cwd: Path) -> Result:
    return run(*command, cwd=cwd, env=block.env, prefix=block.prefix)


def test_block_holds(block: Block, port: int, tmp_path: Path) -> None:
    """The control: without the block the same program connects."""
    program: list[str | Path] = [Path(sys.executable), "-c", CONNECT, str(port)]
    assert run(*program, cwd=tmp_path).status == 0
    assert offline(block, *program, cwd=tmp_path).status == 1


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param(["diff"], 1, id="diff"),
        pytest.param(["diff", "--jobs", "4", "--output-format", "json"], 1, id="diff in processes"),
        pytest.param(["diff", "--staged"], 1, id="diff of the index"),
        pytest.param(["diff", "--head", "HEAD"], 1, id="diff of a commit"),
        pytest.param(["diff", "--base", "empty"], 1, id="diff of everything"),
        pytest.param(["diff", "--base", "nope"], 2, id="an error"),
        pytest.param(["check"], 1, id="check"),
        pytest.param(["rule"], 0, id="rules"),
        pytest.param(["rule", "TX309"], 0, id="rule"),
        pytest.param(["schema", "knowledge"], 0, id="schema"),
        pytest.param(["schema", "report"], 0, id="schema of the report"),
        pytest.param(["--help"], 0, id="help"),
    ],
)
def test_command_works_offline(block: Block, clone: Path, arguments: list[str], status: int) -> None:
    expected = run("taxonomy", *arguments, cwd=clone)
    assert expected.status == status
    assert offline(block, "taxonomy", *arguments, cwd=clone) == expected
    assert not block.tried.exists()


def test_python_interface_works_offline(block: Block, clone: Path) -> None:
    program = (
        "from taxonomy_tools.api import changed_leaves, check, check_changes\n"
        "print(len(changed_leaves()), check_changes().summary, check().summary)\n"
    )
    expected = run(Path(sys.executable), "-c", program, cwd=clone)
    assert (expected.status, expected.err) == (0, "")
    assert offline(block, Path(sys.executable), "-c", program, cwd=clone) == expected
    assert not block.tried.exists()
