"""The Action from its installation on, on a pull request that tries all it can."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from taxonomy_tools import __version__
from taxonomy_tools.reporters.json import readable
from tests.action.lock import BUILD, lock
from tests.checkout import DEFAULT, WRONG, Hosted, check_out
from tests.command import ATTRIBUTION, leaf, skill
from tests.repository import Repo, isolated_environment
from tests.runner import Outcome, Runner, package_index

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "click",
    "ensurepip",
    "git",
    "jsonschema",
    "pip",
    "setuptools",
    "taxonomy_tools",
    "venv",
    "yaml",
    "yamllint",
)
MODULES = ("argparse", "encodings", "json", "os", "re", "runpy", "site", "sitecustomize", "subprocess", "usercustomize")
NAMES = (
    "--config=x",
    "$(touch pwned)",
    "`touch pwned`",
    "a\n::set-output name=count::0",
    "::set-output name=count::0",
    "::stop-commands::x",
    "##[error]no",
    "a%0A::error::no",
    "${{ github.token }}",
    "x; touch pwned #",
    "caf\udce9",  # a byte that is not UTF-8
)
EVERYTHING_OFF = "fail_on: never\nseverity: {TX0: off, TX1: off, TX2: off, TX3: off, TX4: off, TX5: off, TX6: off}\n"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A run of the Action on the hostile pull request, and what it was run with."""

    found: Outcome
    clone: Repo
    folder: Path
    marks: Path
    before: frozenset[str]
    after: frozenset[str]
    runner: Runner


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """The whole action, played once, from the download of this checkout on."""
    folder = tmp_path_factory.mktemp("attack")
    marks = folder / "marks"
    marks.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in isolated_environment(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        hosted = Hosted.make(folder / "hosted", proposed=hostile_files(marks))
        clone = check_out(hosted, folder / "work", hosted.merge, ref="pull/1/merge", depth=2)
        clone.link("compositional_skills/link/qna.yaml", "/etc/hostname")
        index = package_index(folder / "machine")
        runner = Runner(action=downloaded(folder / "action"), folder=folder / "runner", environ=index)
        runner.folder.mkdir()
        before = files_below(runner.action)
        event = hosted.pull_request(fork=True)
        event["pull_request"]["head"]["ref"] = "$(touch pwned)"  # type: ignore[index]
        found = runner.play(
            clone.path,
            name="pull_request",
            event=event,
            env={
                "GITHUB_BASE_REF": DEFAULT,
                "GITHUB_HEAD_REF": "$(touch pwned)",
                "PYTHONPATH": f"{clone.path}{os.pathsep}.",
                "PYTHONHOME": str(clone.path),
                "PYTHONSTARTUP": "sitecustomize.py",
                "PIP_CONFIG_FILE": str(clone.path / "pip.conf"),
                "PIP_TARGET": str(clone.path / "target"),
                "PIP_INDEX_URL": "file:///nowhere",
                "DIST_EXTRA_CONFIG": str(clone.path / "setup.cfg"),
            },
        )
        yield Attack(
            found=found,
            clone=clone,
            folder=folder,
            marks=marks,
            before=before,
            after=files_below(runner.action),
            runner=runner,
        )


def downloaded(place: Path) -> Path:
    """This checkout as a runner downloads it: what is tracked or would be, and no repository."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
    )
    for name in os.fsdecode(listed.stdout).split("\0")[:-1]:
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    return place


def files_below(folder: Path) -> frozenset[str]:
    return frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def hostile_files(marks: Path) -> dict[str, str | bytes]:
    """What the pull request holds."""
    files: dict[str, str | bytes] = {
        f"{name}.py": f"open({os.fspath(marks / name)!r}, 'w').close()\n" for name in MODULES
    }
    for package in PACKAGES:
        for module in ("__init__", "__main__"):
            files[f"{package}/{module}.py"] = f"open({os.fspath(marks / package)!r}, 'w').close()\n"
    files |= {
        "--config=x": "x\n",
        "$(touch pwned)": "x\n",
        "evil.pth": f"import pathlib; pathlib.Path({os.fspath(marks / 'pth')!r}).touch()\n",
        "pip.conf": "[global]\nindex-url = file:///nowhere\ntarget = target\n",
        "setup.cfg": "[install]\nprefix = /nowhere\n",
        ".pydistutils.cfg": "[install]\nprefix = /nowhere\n",
        "pyvenv.cfg": "home = .\n",
        ".yamllint": "rules: {nonsense: enable}\n",
        ".taxonomy-tools.yaml": EVERYTHING_OFF,
        **leaf(WRONG, skill(task="::set-output name=count::0", answer="No")),
        **leaf("compositional_skills/huge", "# " + "x" * (2 << 20) + "\n"),
        **leaf("compositional_skills/noise", random.Random(4).randbytes(4096).decode("latin-1")),
        "compositional_skills/bytes/qna.yaml": random.Random(4).randbytes(4096),
        "compositional_skills/link/attribution.txt": ATTRIBUTION,
    }
    for name in NAMES:
        files |= leaf(f"compositional_skills/{name}", skill(task="To | ##[error]do", answer="No"))
    return files


def test_nothing_is_run(attack: Attack) -> None:
    assert list(attack.marks.iterdir()) == []
    assert [path for path in attack.folder.rglob("*") if path.name == "pwned"] == []
    assert not (attack.clone.path / "target").exists()


def test_traps_work(attack: Attack) -> None:
    """The control: what a careless program would do there."""
    careless = [sys.executable, "-c", "import pip, yamllint"]
    subprocess.run(careless, cwd=attack.clone.path, check=False, capture_output=True)
    assert {path.name for path in attack.marks.iterdir()} >= {"pip", "yamllint"}
    for path in attack.marks.iterdir():
        path.unlink()


def test_all_is_found_and_told(attack: Attack) -> None:
    found = attack.found
    leaves = ["arithmetic/wrong", "bytes", "huge", "link", "noise", *map(readable, NAMES)]
    assert found.status == 1, found.log
    assert found.changed == sorted(f"compositional_skills/{name}" for name in leaves)
    assert found.outputs["count"] == str(len(leaves))
    report = json.loads(Path(found.outputs["report"]).read_bytes())
    codes = {
        leaf["path"].removeprefix("compositional_skills/"): {
            one["code"] for one in leaf["diagnostics"] if one["severity"] == "error"
        }
        for leaf in report["leaves"]
    }
    assert {name: codes[name] for name in leaves} == {
        **{readable(name): {"TX201"} for name in NAMES},
        "arithmetic/wrong": {"TX201"},
        "bytes": codes["bytes"],
        "huge": {"TX005"},
        "link": {"TX006"},
        "noise": codes["noise"],
    }
    assert codes["bytes"], "noise that is no text"
    assert codes["noise"], "noise that is text"
    assert report["summary"]["errors"] == int(found.outputs["errors"])


def test_no_command_but_annotations_is_in_the_log(attack: Attack) -> None:
    """The runner of the tests fails on any other; and the names in them are those of the pull request."""
    shown = attack.found.annotations
    assert [one.level for one in shown] == [*["error"] * 10, *["warning"] * 10, "notice"]
    files = {one.file for one in shown}
    assert {"compositional_skills/$(touch pwned)/qna.yaml", "compositional_skills/a%0A::error::no/qna.yaml"} <= files


def test_no_command_is_in_the_log_of_a_run_without_annotations(attack: Attack) -> None:
    event = json.loads((attack.runner.folder / "event.json").read_bytes())
    found = attack.runner.play(
        attack.clone.path,
        name="pull_request",
        event=event,
        inputs={"formats": "text"},
        env={"GITHUB_BASE_REF": DEFAULT},
        played={"install": attack.found.steps["install"]},
    )
    assert (found.status, found.annotations) == (1, [])
    assert found.outputs["changed-leaves"] == attack.found.outputs["changed-leaves"]
    assert found.log.count("answer: No") == len(NAMES) + 1


def test_matrix_names_are_harmless(attack: Attack) -> None:
    entries = json.loads(attack.found.outputs["matrix"])["include"]
    assert [one for entry in entries for one in entry["leaves"]] == attack.found.changed
    assert [entry["name"] for entry in entries if not re.fullmatch(r"[\w./-]+", entry["name"])] == []


def test_outputs_of_every_step_are_those_of_the_action(attack: Attack) -> None:
    assert set(attack.found.steps) == {"install", "run"}
    assert set(attack.found.steps["install"]) == {"python", "folder"}
    assert attack.found.steps["run"] == attack.found.outputs


def test_proposed_configuration_is_not_in_force(attack: Attack) -> None:
    assert "a proposal, not in force" in attack.found.log
    assert "a proposal, not in force" in re.sub(r"<[^>]*>", "", attack.found.summary)


def test_action_and_workspace_stay_as_they_were(attack: Attack) -> None:
    assert attack.after == attack.before
    assert attack.clone.ask("status", "--porcelain", "--untracked-files=all").splitlines() == [
        "?? compositional_skills/link/qna.yaml"
    ]


# --- what was installed

LISTING = """
import json
from importlib.metadata import distributions
print(json.dumps({one.name: [one.version, one.requires or []] for one in distributions()}))
"""


@pytest.fixture(scope="module")
def installed(attack: Attack) -> dict[str, tuple[Version, list[Requirement]]]:
    """What the environment of the action holds: name to version and requirements."""
    python = attack.found.steps["install"]["python"]
    done = subprocess.run([python, "-I", "-c", LISTING], check=True, capture_output=True)
    return {
        canonicalize_name(name): (Version(version), [Requirement(one) for one in required])
        for name, (version, required) in json.loads(done.stdout).items()
    }


def test_environment_is_private_and_complete(attack: Attack) -> None:
    steps = attack.found.steps["install"]
    assert Path(steps["folder"]).parent == attack.runner.temp
    assert Path(steps["folder"]).stat().st_mode & 0o077 == 0
    assert Path(steps["python"]).is_relative_to(steps["folder"])
    check = subprocess.run(
        [steps["python"], "-I", "-m", "pip", "--isolated", "check"], check=False, capture_output=True
    )
    assert check.stdout.decode() == "No broken requirements found.\n"


def test_environment_holds_the_lock_and_the_tool(
    installed: dict[str, tuple[Version, list[Requirement]]],
) -> None:
    versions = {name: version for name, (version, _) in installed.items() if name != "pip"}
    locked = {entry.name: entry.version for entry in lock() if entry.marker is None or entry.marker.evaluate()}
    assert versions == {**locked, "taxonomy-tools": Version(__version__)}


def test_lock_holds_nothing_that_is_not_needed(
    installed: dict[str, tuple[Version, list[Requirement]]],
) -> None:
    """What some package of it requires, on whichever platform, or pyproject.toml does."""
    required = [one for _, requirements in installed.values() for one in requirements if "extra" not in str(one.marker)]
    needed = {canonicalize_name(one.name) for one in [*required, *BUILD]}
    assert {entry.name for entry in lock()} <= needed
