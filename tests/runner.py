"""GitHub's runner, as far as a composite action can tell: it reads `action.yml`, and plays its steps in a workspace.

What it does not know of (a key of a step, a form of expression, a workflow command) is a failure: this is no guess at
what a runner would make of it. The facts are those of actions/runner: FileCommandManager.cs reads the files,
ActionCommand.cs the commands in the log.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_INDEX = ("CERT", "EXTRA_INDEX_URL", "FIND_LINKS", "INDEX_URL", "NO_INDEX", "PROXY", "TRUSTED_HOST")
_EXPRESSION = re.compile(
    r"\$\{\{ *(?:inputs\.(?P<input>[\w-]+)|steps\.(?P<step>[\w-]+)\.outputs\.(?P<output>[\w-]+)) *\}\}"
)
_STEP_KEYS = {"id", "name", "shell", "run", "env"}
_ANNOTATIONS = ("error", "warning", "notice")
SUMMARY_LIMIT = 1024 * 1024
OUTPUT_LIMIT = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """A workflow command that is shown as an annotation, unescaped."""

    level: str
    message: str
    properties: Mapping[str, str]

    @property
    def file(self) -> str:
        """The file it stands on, "" for none."""
        return self.properties.get("file", "")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of an action. `status` is that of the step that failed, 0 if none did."""

    status: int
    log: str
    outputs: Mapping[str, str]
    steps: Mapping[str, Mapping[str, str]]
    summary: str

    @property
    def annotations(self) -> list[Annotation]:
        """The annotations, in the order in which they were printed."""
        return list(_annotations(self.log))

    @property
    def changed(self) -> list[str]:
        """The output `changed-leaves`, parsed."""
        leaves: list[str] = json.loads(self.outputs["changed-leaves"])
        return leaves


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A machine that has downloaded an action to `action`. `folder` is its own: for events, files and scripts."""

    action: Path
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def play(
        self,
        workspace: Path,
        *,
        name: str,
        event: Mapping[str, object],
        inputs: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        played: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Outcome:
        """Play all steps but those that are `played` already: of them, these are the outputs.

        `env` is what the job has set, the variables of the event (GITHUB_SHA and so on) included.
        """
        action = yaml.safe_load((self.action / "action.yml").read_text(encoding="utf-8"))
        assert action["runs"]["using"] == "composite"
        given = self._inputs(action, inputs or {})
        environ = {**os.environ, **self.environ, **self._variables(workspace, name, event), **(env or {})}
        steps: dict[str, Mapping[str, str]] = {}
        status, log, summary = 0, [], ""
        for number, step in enumerate(action["runs"]["steps"]):
            assert set(step) <= _STEP_KEYS, f"a step has {set(step) - _STEP_KEYS}"
            if step["id"] in (played or {}):
                steps[step["id"]] = (played or {})[step["id"]]
                continue
            files = self._files(number)
            variables = {key: _evaluate(value, given, steps) for key, value in step.get("env", {}).items()}
            done = self._run(step, workspace, number, {**environ, **files, **variables})
            log.append(done.stdout.decode("utf-8", "replace"))
            steps[step["id"]] = parse_file(Path(files["GITHUB_OUTPUT"]).read_text(encoding="utf-8"))
            summary += _summary(Path(files["GITHUB_STEP_SUMMARY"]))
            if (status := done.returncode) != 0:
                break
        outputs = {key: _evaluate(output["value"], given, steps) for key, output in action["outputs"].items()}
        assert all(len(value.encode("utf-16-le")) <= OUTPUT_LIMIT for value in outputs.values())
        return Outcome(status=status, log="".join(log), outputs=outputs, steps=steps, summary=summary)

    @property
    def temp(self) -> Path:
        """The folder of RUNNER_TEMP."""
        place = self.folder / "_temp"
        place.mkdir(parents=True, exist_ok=True)
        return place

    def _inputs(self, action: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
        assert set(given) <= set(action["inputs"]), "an input that the action does not declare"
        return {key: given.get(key, str(facts.get("default", ""))) for key, facts in action["inputs"].items()}

    def _variables(self, workspace: Path, name: str, event: Mapping[str, object]) -> dict[str, str]:
        path = self.folder / "event.json"
        path.write_text(json.dumps(event), encoding="utf-8")
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": os.fspath(self.action),
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": os.fspath(path),
            "GITHUB_REPOSITORY": "taxonomies/example",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_WORKSPACE": os.fspath(workspace),
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": os.fspath(self.temp),
        }

    def _files(self, number: int) -> dict[str, str]:
        """The files that a step may write to, all of them new and empty."""
        commands = self.temp / "_runner_file_commands"
        commands.mkdir(exist_ok=True)
        files = {}
        for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"):
            file = commands / f"{name}-{number}"
            file.write_bytes(b"")
            files[name] = os.fspath(file)
        return files

    def _run(
        self, step: Mapping[str, Any], workspace: Path, number: int, environ: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[bytes]":
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an expression in a script: what it stands for becomes part of the script"
        script = self.temp / f"step-{number}.sh"
        script.write_text(step["run"], encoding="utf-8")
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
            cwd=workspace,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # commands are looked for in both
            check=False,
            timeout=300,
        )


def package_index(folder: Path) -> dict[str, str]:
    """Where this machine's pip finds packages, as the machine's own configuration: the action reads no variable of pip.

    Gives the variable that says where that configuration lies; it is written to the folder.
    """
    said = {name.lower().replace("_", "-"): os.environ.get(f"PIP_{name}", "") for name in _INDEX}
    lines = "".join(f"{name} = {value}\n" for name, value in said.items() if value)
    (folder / "pip").mkdir(parents=True)
    (folder / "pip/pip.conf").write_text(f"[global]\n{lines}", encoding="utf-8")
    return {"XDG_CONFIG_DIRS": f"{folder}{os.pathsep}/etc/xdg"}


def _evaluate(text: str, inputs: Mapping[str, str], steps: Mapping[str, Mapping[str, str]]) -> str:
    def value(found: re.Match[str]) -> str:
        if found["input"]:
            return inputs[found["input"]]
        return steps.get(found["step"], {}).get(found["output"], "")

    assert "${{" not in _EXPRESSION.sub("", text), f"an expression of another form: {text}"
    return _EXPRESSION.sub(value, text)


def parse_file(text: str) -> dict[str, str]:
    """The outputs in a file of GITHUB_OUTPUT: `name=value`, or `name<<end`, lines, `end`."""
    found, lines = {}, iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, equals, value = line.partition("=")
        before, here, end = line.partition("<<")
        if here and (not equals or len(before) < len(name)):
            held: list[str] = []
            for inner in lines:
                if inner == end:
                    break
                held.append(inner)
            else:
                raise AssertionError(f"no end of {before}")
            name, value = before, "\n".join(held)
        elif not equals:
            raise AssertionError(f"a line that is no output: {line}")
        assert re.fullmatch(r"[\w-]+", name), name
        found[name] = value
    return found


def _summary(file: Path) -> str:
    data = file.read_bytes()
    assert len(data) <= SUMMARY_LIMIT, "GitHub refuses this summary"
    return data.decode("utf-8")


def _annotations(log: str) -> Sequence[Annotation]:
    found = []
    for line in log.splitlines():
        assert "##[" not in line, f"a workflow command of the older kind: {line}"
        if not line.lstrip().startswith("::"):
            continue
        head, _, message = line.lstrip()[2:].partition("::")
        name, _, listed = head.partition(" ")
        assert name in _ANNOTATIONS, f"a workflow command: {line}"
        pairs = (one.partition("=") for one in listed.split(",") if one)
        properties = {key: _unescape(value) for key, _, value in pairs}
        found.append(Annotation(level=name, message=_unescape(message), properties=properties))
    return found


def _unescape(text: str) -> str:
    for character, escaped in (("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C"), ("%", "%25")):
        text = text.replace(escaped, character)
    return text
