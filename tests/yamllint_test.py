"""What holds whatever a file does: real yamllint processes, real folders."""

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from taxonomy_tools import yamllint
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.yamllint import Failure, LintProblem, Rules, Runs, start

Result = tuple[LintProblem, ...] | Failure

QNA = "knowledge/history/ibm/qna.yaml"
CRASH = b'"\\U00110000": 1\n'  # no such code point: yamllint ends with a ValueError
TRAILING = b"a: 1 \n"
CLEAN = b"a: 1\n"
SECRET = r"\.taxonomy-tools-"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files of which nothing may be left, nor any process or open file."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = open_files()
    yield folder
    gc.collect()  # a Popen that nobody waited for warns now
    assert list(folder.iterdir()) == []
    assert open_files() == before
    assert children() == []


def open_files() -> set[str]:
    """The numbers of the open files, where the system tells."""
    return set(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else set()


def children() -> list[str]:
    """The processes that this one started and that are still there, where the system tells."""
    file = Path(f"/proc/self/task/{os.getpid()}/children")
    return file.read_text().split() if file.exists() else []


def lint(
    files: Mapping[str, bytes | None],
    rules: Rules = Rules.DEFAULT,
    *,
    command: Sequence[str] | None = None,
    seconds: float = yamllint.FILE_SECONDS,
) -> dict[str, Result]:
    with start(list(files), rules, command=command, seconds=seconds) as run:
        for index, content in enumerate(files.values()):
            run.put(index, content)
        return dict(zip(files, run.results(), strict=True))


def write_rules(folder: Path, text: str, name: str = "rules.yaml") -> Rules:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    return Rules.load(folder / name)


def brief(result: Result) -> list[str]:
    """The findings as yamllint would write them, to compare and to read."""
    assert not isinstance(result, Failure), result
    return [f"{it.line}:{it.column} {it.level} {it.message} ({it.rule})" for it in result]


def stand_in(tmp_path: Path, body: str) -> tuple[str, ...]:
    """A command that takes yamllint's place."""
    program = tmp_path / "stand_in.py"
    program.write_text(textwrap.dedent(body), encoding="utf-8")
    return (sys.executable, "-u", str(program))


NO_MODULE = (sys.executable, "-I", "-S", "-m", "yamllint")  # without site-packages, so without yamllint


class TestFindings:
    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            pytest.param(b"a: 1\n", [], id="clean"),
            pytest.param(b"", [], id="empty"),
            pytest.param(b"a: 1 \n", ["1:5 error trailing spaces (trailing-spaces)"], id="trailing space"),
            pytest.param(
                b"a: 1\nb: [ 1,2]\na: 2",
                [
                    "2:8 warning too few spaces after comma (commas)",
                    '3:1 error duplication of key "a" in mapping (key-duplicates)',
                    "3:5 error no new line character at the end of file (new-line-at-end-of-file)",
                ],
                id="several",
            ),
            pytest.param(b"a: " + b"x " * 100 + b"x\n", [], id="long line"),
            pytest.param(b"a: 'x\n", ["2:1 error syntax error: found unexpected end of stream (syntax)"], id="no YAML"),
            pytest.param(
                b"a: 1\r\nb: 2 \r\n",
                [
                    r"1:5 error wrong new line character: expected \n (new-lines)",
                    "2:5 error trailing spaces (trailing-spaces)",
                ],
                id="CRLF",
            ),
            pytest.param(b"\xef\xbb\xbfa: 1 \n", ["1:5 error trailing spaces (trailing-spaces)"], id="BOM"),
            pytest.param("ä: 🙂 \n".encode(), ["1:5 error trailing spaces (trailing-spaces)"], id="code points"),
            pytest.param(b"# yamllint disable-file\na: 1 \n", [], id="disabled in the file"),
        ],
    )
    def test_default_rules(self, content: bytes, expected: list[str]) -> None:
        assert brief(lint({QNA: content})[QNA]) == expected

    def test_as_plain_yamllint_prints_them(self, tmp_path: Path) -> None:
        contents = [
            CLEAN,
            TRAILING,
            b"a:   [1,2,{b: 3,}]\n\n\n\nb: 1\na: 1",
            b"- 1\n -2: x\n",
            b"a: {\n",
            b"{a: 1, a: 2}",
        ]
        files = {f"knowledge/leaf {index}/qna.yaml": content for index, content in enumerate(contents * 20)}
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True)
            (tmp_path / name).write_bytes(content)
        rules = "{extends: relaxed, rules: {line-length: disable}}"
        command = [sys.executable, "-m", "yamllint", "-f", "parsable", "-d", rules, *files]
        plain = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        printed = []
        for name, result in lint(files).items():
            assert not isinstance(result, Failure)
            printed += [f"{name}:{it.line}:{it.column}: [{it.level}] {it.message} ({it.rule})" for it in result]
        assert printed == plain.stdout.splitlines()

    def test_hundreds_of_files_in_any_order(self) -> None:
        contents = [b"\n" * (index % 3) + TRAILING for index in range(400)]
        with start([f"knowledge/{index}/qna.yaml" for index in range(400)]) as run:
            for index in reversed(range(400)):
                run.put(index, contents[index])
            results = run.results()
        expected = [[f"{index % 3 + 1}:5 error trailing spaces (trailing-spaces)"] for index in range(400)]
        assert [brief(result)[-1:] for result in results] == expected

    def test_not_to_be_linted(self) -> None:
        assert lint({"a/qna.yaml": None, "b/qna.yaml": TRAILING, "c/qna.yaml": None}) == {
            "a/qna.yaml": (),
            "b/qna.yaml": (
                LintProblem(line=1, column=5, level="error", message="trailing spaces", rule="trailing-spaces"),
            ),
            "c/qna.yaml": (),
        }

    def test_nothing_to_lint_under_rules_that_find_fault_with_an_empty_file(self, tmp_path: Path) -> None:
        rules = write_rules(tmp_path, "rules: {document-start: enable}")
        assert lint({"a": None}, rules) == {"a": ()}

    @pytest.mark.parametrize("files", [pytest.param({}, id="none"), pytest.param({QNA: None}, id="one, not linted")])
    def test_nothing_to_lint(self, files: dict[str, bytes | None]) -> None:
        assert lint(files) == dict.fromkeys(files, ())
        assert lint(files, command=NO_MODULE) == dict.fromkeys(files, ()), "yamllint is not needed"

    def test_results_can_be_asked_for_twice(self) -> None:
        with start([QNA]) as run:
            run.put(0, TRAILING)
            assert run.results() == run.results()

    def test_very_many_findings_are_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(yamllint, "_MAX_PROBLEMS", 3)
        assert brief(lint({QNA: b"- 1 \n" * 10})[QNA]) == [
            "1:4 error trailing spaces (trailing-spaces)",
            "2:4 error trailing spaces (trailing-spaces)",
            "3:4 error trailing spaces (trailing-spaces)",
            "4:4 error 7 more findings in this file ()",
        ]

    def test_output_larger_than_any_pipe(self) -> None:
        files = {f"{number}.yaml": b"- 1 \n" * 3000 for number in range(3)}
        assert [len(brief(result)) for result in lint(files).values()] == [3000] * 3

    def test_a_long_message_is_cut_in_the_middle(self) -> None:
        key = b"k" * 1000
        message = brief(lint({QNA: key + b": 1\n" + key + b": 2\n"})[QNA])[0]
        assert message.startswith('2:1 error duplication of key "kkk')
        assert message.endswith('kkk" in mapping (key-duplicates)')
        assert len(message) < 500

    def test_every_rule_at_once(self, tmp_path: Path) -> None:
        names = sorted(path.stem.replace("_", "-") for path in yamllint_folder().glob("rules/[a-z]*.py"))
        rules = write_rules(tmp_path, "rules: " + json.dumps({name: "enable" for name in names if name != "common"}))
        expected = [
            '1:1 warning missing document start "---" (document-start)',
            "1:5 error trailing spaces (trailing-spaces)",
        ]
        found = lint({f"{number}": TRAILING for number in range(20)}, rules)
        assert {tuple(brief(result)) for result in found.values()} == {
            (
                expected[0].replace("warning", "error"),
                expected[1],
                '1:1 error missing document end "..." (document-end)',
            )
        }


def yamllint_folder() -> Path:
    command = [
        sys.executable,
        "-c",
        "import importlib.util as u; print(u.find_spec('yamllint').submodule_search_locations[0])",
    ]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


class TestPlaces:
    """PyYAML ends lines where no editor does; what is reported is the line that people and Git see."""

    @pytest.mark.parametrize(
        "separator",
        [
            pytest.param("\u2028", id="U+2028"),
            pytest.param("\u2029", id="U+2029"),
            pytest.param("\x85", id="NEL"),
            pytest.param("\r", id="lone CR"),
        ],
    )
    @pytest.mark.parametrize("end", [pytest.param("\n", id="LF"), pytest.param("\r\n", id="CRLF")])
    def test_breaks_that_only_yaml_knows(self, separator: str, end: str) -> None:
        lines = [
            f'k: "one{separator}two{separator}"',
            "x: [1,2]",
            "y: 1 ",
            f"z: 'u{separator}v' ",
            "k: 2",
            f"a: 'b{separator} c'",
            "x: 3",
        ]
        # yamllint itself loses what it finds after as many lines as the file has: let there be more of them.
        text = end.join([*lines, *["# a comment"] * 8]) + end
        problems = lint({QNA: text.encode()})[QNA]
        assert not isinstance(problems, Failure)
        found = [(it.line, it.column, it.rule) for it in problems if it.rule != "new-lines"]
        assert sorted(found) == [
            (2, 7, "commas"),
            (3, 5, "trailing-spaces"),
            (4, 9, "trailing-spaces"),
            (5, 1, "key-duplicates"),
            (7, 1, "key-duplicates"),
        ]

    def test_inside_a_line(self) -> None:
        text = "k: 1\n{a: 'x\u2028 y', a: 2}\n"
        places = yamllint._Places(text)
        assert places.find(3, 6, "key-duplicates") == (2, 13)
        assert text.splitlines(keepends=False)  # U+2028 is a break for Python too, so that a naive count would be off
        assert text.split("\n")[1][12] == "a"

    @pytest.mark.parametrize(
        ("place", "expected"),
        [
            pytest.param((0, 1), (1, 1), id="line 0, as document-end has it in an empty file"),
            pytest.param((1, 0), (1, 1), id="column 0, as colons has it"),
            pytest.param((1, 99), (1, 5), id="a column after the line's end"),
            pytest.param((99, 99), (3, 1), id="a line after the last"),
            pytest.param((999999999, 999999999), (3, 1), id="an absurd place"),
        ],
    )
    @pytest.mark.parametrize("rule", ["line-length", "colons"])
    def test_places_lie_in_the_text(self, place: tuple[int, int], expected: tuple[int, int], rule: str) -> None:
        assert yamllint._Places("a: 1\nb: 2\n").find(*place, rule) == expected

    def test_document_end_of_an_empty_file(self, tmp_path: Path) -> None:
        rules = write_rules(tmp_path, "rules: {document-end: enable}")
        assert brief(lint({QNA: b"# x"}, rules)[QNA]) == []
        assert brief(lint({QNA: b"a"}, rules)[QNA]) == ['1:1 error missing document end "..." (document-end)']


class TestRules:
    def test_custom_rules(self, tmp_path: Path) -> None:
        rules = write_rules(
            tmp_path,
            """
            extends: default
            rules:
              document-start: disable
              line-length: {max: 10, level: warning}
              trailing-spaces: disable
            """,
        )
        assert brief(lint({QNA: b"a: 12345678 \nb: on\n"}, rules)[QNA]) == [
            "1:11 warning line too long (12 > 10 characters) (line-length)",
            "2:4 warning truthy value should be one of [false, true] (truthy)",
        ]

    @pytest.mark.parametrize(
        ("patterns", "linted"),
        [
            pytest.param("'/knowledge/a/'", ["knowledge/b/qna.yaml", "x/knowledge/a/qna.yaml"], id="anchored"),
            pytest.param("'knowledge/a/*.yaml'", ["knowledge/b/qna.yaml", "x/knowledge/a/qna.yaml"], id="with a slash"),
            pytest.param("'a/'", ["knowledge/b/qna.yaml"], id="unanchored folder"),
            pytest.param("qna.yaml", [], id="every leaf"),
            pytest.param("'*'", [], id="everything"),
            pytest.param("'**'", [], id="everything, with two stars"),
            pytest.param("'/**'", [], id="everything, anchored"),
            pytest.param("['*', '!/x/', '!/x/**']", ["x/knowledge/a/qna.yaml"], id="all but a folder"),
            pytest.param(
                "[]", ["knowledge/a/qna.yaml", "knowledge/b/qna.yaml", "x/knowledge/a/qna.yaml"], id="nothing"
            ),
        ],
    )
    @pytest.mark.parametrize("where", ["text", "list", "file", "files", "extended", "extended file"])
    def test_ignore(self, tmp_path: Path, patterns: str, linted: list[str], where: str) -> None:
        items = patterns.strip("[]").replace("'", "").split(", ") if patterns != "[]" else []
        (tmp_path / "ignored").write_text("\n".join(items))
        (tmp_path / "more").write_text("# none\n")
        key = {
            "text": f"ignore: {json.dumps(chr(10).join(items))}",
            "list": f"ignore: {json.dumps(items)}",
            "file": "ignore-from-file: ignored",
            "files": "ignore-from-file: [more, ignored]",
            "extended": f"ignore: {json.dumps(items)}",
            "extended file": "ignore-from-file: [ignored]",
        }[where]
        rules = write_rules(tmp_path, f"{key}\nrules: {{trailing-spaces: enable}}\n")
        if where.startswith("extended"):
            rules = write_rules(tmp_path, "extends: ./rules.yaml\n", name="outer.yaml")
        names = ["knowledge/a/qna.yaml", "knowledge/b/qna.yaml", "x/knowledge/a/qna.yaml"]
        found = lint(dict.fromkeys(names, TRAILING), rules)
        assert [name for name in names if found[name]] == linted

    def test_ignore_of_one_rule(self, tmp_path: Path) -> None:
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "colons.txt").write_text("/b/\n")
        rules = write_rules(
            tmp_path / "config",
            """
            rules:
              trailing-spaces: {ignore: /a/}
              colons: {ignore-from-file: colons.txt}
              commas: {ignore-from-file: [colons.txt]}
            """,
        )
        content = b"a:  [1,2] \n"
        found = {
            name: [it.split("(")[-1] for it in brief(r)]
            for name, r in lint(dict.fromkeys("abc", content), rules).items()
        }
        assert found == {
            "a": ["colons)", "commas)", "trailing-spaces)"],
            "b": ["colons)", "commas)", "trailing-spaces)"],
            "c": ["colons)", "commas)", "trailing-spaces)"],
        }
        paths = {f"{name}/qna.yaml": content for name in "abc"}
        found = {name: [it.split("(")[-1] for it in brief(r)] for name, r in lint(paths, rules).items()}
        assert found == {
            "a/qna.yaml": ["colons)", "commas)"],
            "b/qna.yaml": ["trailing-spaces)"],
            "c/qna.yaml": ["colons)", "commas)", "trailing-spaces)"],
        }

    def test_extends_through_folders(self, tmp_path: Path) -> None:
        write_rules(tmp_path / "base" / "deep", "{extends: relaxed, rules: {colons: disable, line-length: {max: 20}}}")
        write_rules(tmp_path / "base", "{extends: deep/rules.yaml, rules: {trailing-spaces: disable}}")
        rules = write_rules(tmp_path / "mine", "{extends: ../base/rules.yaml, rules: {line-length: {level: error}}}")
        assert brief(lint({QNA: b"a:  1 \nb: 0123456789 0123456789\n"}, rules)[QNA]) == [
            "2:21 error line too long (24 > 20 characters) (line-length)"
        ]

    def test_an_override_stays_what_yamllint_makes_of_it(self, tmp_path: Path) -> None:
        # `disable` in the middle forgets what the configuration below it said: the chain may not be merged at once.
        write_rules(tmp_path, "{rules: {line-length: {max: 5}}}", name="inner")
        write_rules(tmp_path, "{extends: inner, rules: {line-length: disable}}", name="middle")
        rules = write_rules(tmp_path, "{extends: middle, rules: {line-length: {level: warning}}}")
        assert brief(lint({QNA: b"a: 1234 1234\n"}, rules)[QNA]) == []

    def test_shared_by_an_alias(self, tmp_path: Path) -> None:
        (tmp_path / "ignored").write_text("/a/\n")
        rules = write_rules(tmp_path, "rules: {trailing-spaces: &x {ignore-from-file: ignored}, hyphens: *x}")
        found = lint({"a/qna.yaml": b"-   1 \n", "b/qna.yaml": b"-   1 \n"}, rules)
        assert {name: len(brief(result)) for name, result in found.items()} == {"a/qna.yaml": 0, "b/qna.yaml": 2}

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("yaml-files: ['*.txt']\nrules: {trailing-spaces: enable}", id="yaml-files"),
            pytest.param("locale: C\nrules: {trailing-spaces: enable, key-ordering: enable}", id="locale"),
            pytest.param("rules: {trailing-spaces: enable}\nother: {a: 2020-01-01, b: !!set {x}}", id="foreign keys"),
        ],
    )
    def test_keys_that_matter_little_here(self, tmp_path: Path, text: str) -> None:
        assert brief(lint({QNA: TRAILING}, write_rules(tmp_path, text))[QNA]) == [
            "1:5 error trailing spaces (trailing-spaces)"
        ]

    def test_read_from_elsewhere(self) -> None:
        files = {
            Path("config/rules.yaml"): b"{extends: base.yaml, ignore-from-file: .ignored}",
            Path("config/base.yaml"): b"\xff\xfe" + "rules: {trailing-spaces: enable}".encode("utf-16-le"),
            Path("config/.ignored"): b"/a/\n",
        }
        rules = Rules.load(Path("config/rules.yaml"), read=files.__getitem__)
        found = lint({"a/qna.yaml": TRAILING, "b/qna.yaml": TRAILING}, rules)
        assert {name: len(brief(result)) for name, result in found.items()} == {"a/qna.yaml": 0, "b/qna.yaml": 1}

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            pytest.param("", "{path} is not a yamllint configuration: it is not a mapping.", id="empty"),
            pytest.param("relaxed", "{path} is not a yamllint configuration: it is not a mapping.", id="a scalar"),
            pytest.param("- a", "{path} is not a yamllint configuration: it is not a mapping.", id="a list"),
            pytest.param(
                "services: {a: b}",
                "{path} is not a yamllint configuration: it has no `rules` and no `extends`.",
                id="something else",
            ),
            pytest.param(
                "rules: {a: b",
                "The yamllint rules in {path} are not valid YAML: line 1, column 13: "
                "expected ',' or '}}', but got '<stream end>'",
                id="no YAML",
            ),
            pytest.param(
                "[" * 3000,
                "The yamllint rules in {path} are not valid YAML: maximum recursion depth exceeded",
                id="too deep",
            ),
            pytest.param(
                "rules: \x01",
                "The yamllint rules in {path} are not valid YAML: unacceptable character #x0001: "
                "special characters are not allowed",
                id="control character",
            ),
            pytest.param(
                "rules: 2020-99-99",
                "The yamllint rules in {path} are not valid YAML: month must be in 1..12",
                id="a date that is none",
            ),
            pytest.param(
                "extends: [relaxed]",
                "`extends` in the yamllint rules in {path} is not the name of a configuration.",
                id="extends a list",
            ),
            pytest.param(
                "extends: ",
                "`extends` in the yamllint rules in {path} is not the name of a configuration.",
                id="extends nothing",
            ),
            pytest.param(
                "extends: other.yaml",
                "The yamllint rules in {folder}/other.yaml cannot be read: No such file or directory",
                id="extends what is missing",
            ),
            pytest.param(
                "extends: rules.yaml",
                "The yamllint rules in {path} extend themselves (through {path}).",
                id="extends itself",
            ),
            pytest.param(
                "ignore-from-file: x",
                "The ignore patterns for yamllint in {folder}/x cannot be read: No such file or directory",
                id="ignore file missing",
            ),
            pytest.param(
                "rules: {colons: {ignore-from-file: [.]}}",
                "The ignore patterns for yamllint in {folder} cannot be read: it is not a regular file",
                id="ignore file is a folder",
            ),
            pytest.param(
                'extends: "a\\0b"',
                "The yamllint rules in {folder}/a\0b cannot be read: embedded null byte",
                id="null character in a name",
            ),
        ],
    )
    def test_not_a_configuration(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(TaxonomyError) as caught:
            write_rules(tmp_path, text)
        expected = message.format(path=tmp_path / "rules.yaml", folder=tmp_path)
        assert caught.value.message.removesuffix(" while calling a Python object").startswith(expected)
        assert caught.value.remedies

    def test_no_such_file(self, tmp_path: Path) -> None:
        with pytest.raises(TaxonomyError) as caught:
            Rules.load(tmp_path / "none.yaml")
        assert (
            caught.value.message
            == f"The yamllint rules in {tmp_path / 'none.yaml'} cannot be read: No such file or directory"
        )

    def test_a_file_without_end(self) -> None:
        with pytest.raises(TaxonomyError, match="it is not a regular file"):
            Rules.load(Path("/dev/zero"))

    def test_a_huge_file(self, tmp_path: Path) -> None:
        with pytest.raises(TaxonomyError, match="it is larger than 1 MiB"):
            write_rules(tmp_path, "#" * (1 << 20) + "#")

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            pytest.param("rules: {x: enable}", 'no such rule: "x"', id="unknown rule"),
            pytest.param("rules: 1", "rules should be a mapping", id="rules of the wrong type"),
            pytest.param("rules: {colons: {x: 1}}", 'unknown option "x" for rule "colons"', id="unknown option"),
            pytest.param(
                "rules: {colons: yes}", 'rule "colons": should be either "enable", "disable" or a mapping', id="bool"
            ),
            pytest.param(
                "{ignore: a, ignore-from-file: rules.yaml}",
                "ignore and ignore-from-file keys cannot be used together",
                id="both",
            ),
            pytest.param("ignore: 3", "ignore should contain file patterns", id="ignore of the wrong type"),
            pytest.param("ignore: [3]", "ignore should contain file patterns", id="ignore with a number"),
            pytest.param("ignore: ", "ignore should contain file patterns", id="ignore without value"),
            pytest.param(
                "ignore-from-file: 3",
                "ignore-from-file should contain filename(s), either as a list or string",
                id="ignore file",
            ),
            pytest.param("{rules: {}, yaml-files: 3}", "yaml-files should be a list of file patterns", id="yaml-files"),
            pytest.param("{rules: {}, locale: 3}", "locale should be a string", id="locale"),
        ],
    )
    @pytest.mark.parametrize("files", [pytest.param({}, id="no file"), pytest.param({QNA: CLEAN}, id="a file")])
    def test_refused_by_yamllint(self, tmp_path: Path, text: str, reason: str, files: dict[str, bytes]) -> None:
        rules = write_rules(tmp_path, text)
        with pytest.raises(TaxonomyError) as caught:
            lint(files, rules)
        assert caught.value.message == f"yamllint does not accept {tmp_path / 'rules.yaml'}: {reason}"
        assert caught.value.remedies

    def test_a_locale_that_is_not_there(self, tmp_path: Path) -> None:
        rules = write_rules(tmp_path, "{extends: relaxed, locale: xx_XX.UTF-8}")
        with pytest.raises(TaxonomyError) as caught:
            lint({QNA: CLEAN}, rules)
        assert caught.value.message == (
            f"The `locale` that {tmp_path / 'rules.yaml'} names is not installed on this machine "
            "(locale.Error: unsupported locale setting)."
        )


class TestForgery:
    def test_a_line_break_in_a_key(self) -> None:
        other = "knowledge/other/qna.yaml"
        forged = f"x\\n{other}:1:1: [error] forged (rule)\\n./{other}:1:1: [error] forged (rule)\\ny"
        files = {QNA: f'"{forged}": 1\n"{forged}": 2\n'.encode(), other: CLEAN}
        key = forged.replace("\\n", "\n")
        assert lint(files) == {
            QNA: (
                LintProblem(
                    line=2,
                    column=1,
                    level="error",
                    message=f'duplication of key "{key}" in mapping',
                    rule="key-duplicates",
                ),
            ),
            other: (),
        }

    def test_only_its_own_findings_can_be_forged_where_paths_matter(self, tmp_path: Path) -> None:
        rules = write_rules(tmp_path, "{extends: relaxed, ignore: /nothing}")
        other = "knowledge/other/qna.yaml"
        forged = f"x\\n./{other}:1:1: [error] x (rule)\\n./{QNA}:7:99999999999: [error] x\\n./{QNA}:7:9: [error] x"
        found = lint({QNA: f'"{forged}": 1\n"{forged}": 2\n'.encode(), other: CLEAN}, rules)
        assert found[other] == ()
        assert brief(found[QNA]) == [
            f'2:1 error duplication of key "x\n./{other}:1:1: [error] x (rule)\n./{QNA}:7:99999999999: [error] x ()',
            '3:1 error x" in mapping (key-duplicates)',
        ]

    def test_a_marker(self) -> None:
        lines = [
            f"./{yamllint._MARKER_PREFIX}{'0' * 32}:1:1: [error] syntax error: x (syntax)",
            "/dev/fd/3:1:1: [error] x",
        ]
        key = "x\\n" + "\\n".join(lines * 3)
        files = {"a": f'"{key}": 1\n"{key}": 2\n'.encode(), "b": TRAILING, "c": CLEAN}
        found = lint(files)
        assert [len(brief(result)) for result in found.values()] == [1, 1, 0]

    def test_two_runs_have_different_names(self, temporary: Path) -> None:
        names = []
        for _ in range(2):
            with start([QNA]):
                names.append({path.name for path in temporary.glob("*/tree/.*")})
        assert len(names[0] | names[1]) == 2

    def test_a_lone_surrogate(self) -> None:
        content = b'"\\ud800\\udc80": 1\n"\\ud800\\udc80": 2\n'
        expected = r'2:1 error duplication of key "\ud800\udc80" in mapping (key-duplicates)'
        assert brief(lint({QNA: content, "other": CLEAN})[QNA]) == [expected]


class TestHostileSurroundings:
    TRAP = "import pathlib; pathlib.Path({!r}).touch()\n"

    @pytest.fixture
    def trap(self, tmp_path: Path) -> Callable[[Path], Path]:
        """Fills a folder with modules that leave a mark when they run."""

        def fill(folder: Path) -> Path:
            mark = tmp_path / "pwned"
            (folder / "yamllint").mkdir(parents=True)
            names = [
                "yamllint/__init__.py",
                "yamllint/__main__.py",
                "argparse.py",
                "sitecustomize.py",
                "usercustomize.py",
            ]
            for name in [*names, "yaml.py", "pathspec.py", "locale.py"]:
                (folder / name).write_text(self.TRAP.format(str(mark)))
            return mark

        return fill

    def test_a_checkout_with_modules(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: Callable[[Path], Path]
    ) -> None:
        mark = trap(tmp_path / "checkout")
        monkeypatch.chdir(tmp_path / "checkout")
        assert len(brief(lint({QNA: TRAILING})[QNA])) == 1
        assert not mark.exists()

    def test_modules_on_the_python_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: Callable[[Path], Path]
    ) -> None:
        mark = trap(tmp_path / "modules")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
        assert len(brief(lint({QNA: TRAILING})[QNA])) == 1
        assert not mark.exists()

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PYTHONHOME", "/nowhere"),
            ("PYTHONWARNINGS", "error"),
            ("PYTHONINSPECT", "1"),
            ("PYTHONIOENCODING", "ascii"),
            ("YAMLLINT_FILE_ENCODING", "utf-16"),
            ("YAMLLINT_CONFIG_FILE", "/nowhere"),
            ("LC_ALL", "C"),
        ],
    )
    def test_variables(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        content = '"ä": 1\n"ä": 2\n'.encode()
        assert brief(lint({QNA: content})[QNA]) == ['2:1 error duplication of key "ä" in mapping (key-duplicates)']

    def test_a_configuration_above_the_temporary_folder(self, temporary: Path) -> None:
        (temporary.parent / ".yamllint").write_text("rules: {}\n")
        assert len(brief(lint({QNA: TRAILING})[QNA])) == 1

    def test_the_folder_is_private(self, temporary: Path) -> None:
        with start([QNA]):
            (folder,) = temporary.iterdir()
            assert folder.stat().st_mode & 0o777 == 0o700

    def test_a_full_disk_or_a_missing_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
        with pytest.raises(TaxonomyError) as caught:
            start([QNA])
        assert caught.value.message == (
            f"The files for yamllint cannot be copied to {tmp_path / 'none'}: No such file or directory"
        )


ODD_NAMES = [
    pytest.param("--version", id="option"),
    pytest.param("-", id="standard input"),
    pytest.param("-c/x", id="option with a slash"),
    pytest.param("@file", id="argument file"),
    pytest.param("../../x/qna.yaml", id="parent"),
    pytest.param("/etc/passwd", id="absolute"),
    pytest.param("a//b/./qna.yaml", id="empty segments"),
    pytest.param("", id="empty"),
    pytest.param("a\nb\r\t\x1b[31m/qna.yaml", id="control characters"),
    pytest.param("a\x85b\u2028c\u2029/qna.yaml", id="other line breaks"),
    pytest.param(os.fsdecode(b"a\xff\xfe/qna.yaml"), id="not UTF-8"),
    pytest.param("x" * 255 + "/qna.yaml", id="long name"),
    pytest.param("ä" * 127 + "/qna.yaml", id="long name in bytes"),
    pytest.param("/".join(["folder"] * 1000) + "/qna.yaml", id="long path"),
    pytest.param("a b/'\"`$(x)*?[x]\\:;&|<>/qna.yaml", id="shell characters"),
    pytest.param("知识/e\u0301/🙂/qna.yaml", id="other alphabets"),
    pytest.param("a:1:1: [error] x/qna.yaml", id="looks like a finding"),
    pytest.param("dev/fd/3", id="looks like a gate"),
    pytest.param("~0/qna.yaml", id="looks like a replaced name"),
]


class TestNames:
    @pytest.fixture(params=[False, True], ids=["paths do not matter", "paths matter"])
    def rules(self, request: pytest.FixtureRequest, tmp_path: Path) -> Rules:
        return write_rules(tmp_path, "{extends: relaxed, ignore: /nothing}") if request.param else Rules.DEFAULT

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_odd(self, name: str, rules: Rules) -> None:
        found = lint({"first": CLEAN, name: TRAILING, "last": CLEAN}, rules)
        assert {key: len(brief(result)) for key, result in found.items()} == {"first": 0, name: 1, "last": 0}

    def test_all_together(self, rules: Rules) -> None:
        names = [str(it.values[0]) for it in ODD_NAMES]
        contents = [b"\n" * number + TRAILING for number in range(len(names))]
        found = lint(dict(zip(names, contents, strict=True)), rules)
        assert [brief(result)[-1].split(" ", 1)[0] for result in found.values()] == [
            f"{number + 1}:5" for number in range(len(names))
        ]

    def test_the_same_twice_and_one_inside_the_other(self, rules: Rules) -> None:
        names = ["a", "a", "a/b", "a/b", "a/b/c", "~1/a", "x\ny", "x_y", "x\ty"]
        with start(names, rules) as run:
            for index in range(len(names)):
                run.put(index, b"\n" * index + TRAILING)
            lines = [brief(result)[-1].split(":")[0] for result in run.results()]
        assert lines == [str(index + 1) for index in range(len(names))]

    def test_names_that_some_file_systems_take_for_the_same(self) -> None:
        names = ["A/qna.yaml", "a/qna.yaml", "a/QNA.yaml", "e\u0301", "\xe9", "a"]
        paths = yamllint._copy_paths(names, folded=True)
        assert paths == ("A/qna.yaml", "~1/qna.yaml", "~2/QNA.yaml", "e\u0301", "~4/\xe9", "~5/a")
        assert yamllint._copy_paths(names[:5], folded=False) == tuple(names[:5])

    def test_a_file_system_that_is_not_in_utf_8(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")
        assert yamllint._copy_paths(["ä/qna.yaml", "ö/qna.yaml"], folded=False) == ("_/qna.yaml", "~1/qna.yaml")

    @pytest.mark.parametrize(
        ("segment", "expected"),
        [
            ("a:b*c", "a_b_c"),
            ("NUL", "_"),
            ("com1.yaml", "_.yaml"),
            ("console", "console"),
            ("a. ", "a._"),
            ("c\\d", "c_d"),
        ],
    )
    def test_names_that_windows_does_not_have(
        self, monkeypatch: pytest.MonkeyPatch, segment: str, expected: str
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(os, "name", "nt")
            safe = yamllint._safe_segment(segment)
        assert safe == expected

    def test_more_names_than_one_command_line_holds(self, rules: Rules) -> None:
        files = {"/".join(["f" * 100] * 7) + f"/{number}/qna.yaml": TRAILING for number in range(300)}
        assert {len(brief(result)) for result in lint(files, rules).values()} == {1}

    def test_batches(self, monkeypatch: pytest.MonkeyPatch, rules: Rules) -> None:
        monkeypatch.setattr(yamllint, "_ARGUMENT_BYTES", 300)
        files = {f"{number}/qna.yaml": b"\n" * (number % 5) + TRAILING for number in range(20)}
        assert [brief(result)[-1].split(":")[0] for result in lint(files, rules).values()] == [
            "1",
            "2",
            "3",
            "4",
            "5",
        ] * 4


class TestCrashes:
    def test_one_among_many(self) -> None:
        files = {str(number): TRAILING for number in range(60)}
        files |= {"20": CRASH, "40": b"\xff", "41": CRASH, "0": CRASH, "59": b"a: \x01\n"}
        found = lint(files)
        crashes = {name: result.reason for name, result in found.items() if isinstance(result, Failure)}
        assert crashes == {
            "0": "yamllint crashed: ValueError: chr() arg not in range(0x110000)",
            "20": "yamllint crashed: ValueError: chr() arg not in range(0x110000)",
            "40": "yamllint crashed: UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: "
            "invalid start byte",
            "41": "yamllint crashed: ValueError: chr() arg not in range(0x110000)",
            "59": 'yamllint crashed: in "<unicode string>", position 3',
        }
        assert {len(brief(result)) for name, result in found.items() if name not in crashes} == {1}

    def test_a_crash_that_only_the_users_rules_bring(self, tmp_path: Path) -> None:
        # A null character cannot be compared by the locale's rules; the document is a valid one.
        rules = write_rules(tmp_path, "rules: {key-ordering: enable, trailing-spaces: enable}")
        found = lint({"a": TRAILING, "b": b'"x": 1\n"\\0": 2\n', "c": TRAILING}, rules)
        assert found["b"] == Failure(reason="yamllint crashed: ValueError: embedded null character")
        assert [len(brief(found[name])) for name in "ac"] == [1, 1]

    def test_all(self) -> None:
        found = lint({str(number): CRASH for number in range(5)})
        assert {type(result) for result in found.values()} == {Failure}

    def test_only_once(self, tmp_path: Path) -> None:
        """A crash that does not happen again is forgotten."""
        command = stand_in(
            tmp_path,
            f"""
            import os, pathlib, runpy, sys
            if not os.path.exists({str(tmp_path / "mark")!r}):
                pathlib.Path({str(tmp_path / "mark")!r}).touch()
                sys.argv = [it for it in sys.argv if not it.endswith("-3.yaml")] + ["nothing"]
            runpy.run_module("yamllint", run_name="__main__", alter_sys=True)
            """,
        )
        found = lint({str(number): TRAILING for number in range(4)}, command=command)
        assert (tmp_path / "mark").exists()
        assert {type(result) for result in found.values()} == {tuple}

    def test_killed(self, tmp_path: Path) -> None:
        command = stand_in(
            tmp_path,
            """
            import os, re, signal, sys
            for name in sys.argv[5:]:
                if open(name).read() == "@":
                    print(f"{name}:1:1: [error] syntax error: x (syntax)")
                elif name.endswith("-1.yaml"):
                    os.kill(os.getpid(), signal.SIGKILL)
            """,
        )
        assert lint({"a": CLEAN, "b": CLEAN, "c": CLEAN}, command=command) == {
            "a": (),
            "b": Failure(reason="yamllint crashed: ended by signal 9"),
            "c": (),
        }

    def test_output_that_nobody_expects(self, tmp_path: Path) -> None:
        command = stand_in(
            tmp_path,
            """
            import sys
            for name in sys.argv[5:]:
                if open(name).read() == "@":
                    print(f"{name}:1:1: [error] syntax error: x (syntax)")
                elif name.endswith("-1.yaml"):
                    print("hello")
            """,
        )
        assert lint({"a": CLEAN, "b": CLEAN, "c": CLEAN}, command=command) == {
            "a": (),
            "b": Failure(reason="yamllint printed something that is not understood: hello"),
            "c": (),
        }

    def test_slow(self) -> None:
        slow = b"[" * 4000  # takes yamllint half a minute
        files = {"a": TRAILING, "b": slow, "c": TRAILING, "d": slow, "e": TRAILING}
        began = time.monotonic()
        found = lint(files, seconds=2)
        assert time.monotonic() - began < 25
        assert {name: result for name, result in found.items() if name in "bd"} == {
            "b": Failure(reason="yamllint took longer than 2 seconds"),
            "d": Failure(reason="yamllint took longer than 2 seconds"),
        }
        assert [len(brief(found[name])) for name in "ace"] == [1, 1, 1]

    def test_the_time_of_one_file_is_not_that_of_another(self) -> None:
        found = lint(
            {str(number): b"- " + b"[1, " * 60 + b"]" * 60 + b"\n- 1 \n" * 60 for number in range(40)}, seconds=1.5
        )
        assert {type(result) for result in found.values()} == {tuple}


class TestCannotRun:
    def test_not_installed(self) -> None:
        with pytest.raises(TaxonomyError) as caught:
            lint({QNA: CLEAN}, command=NO_MODULE)
        assert caught.value.message == f"yamllint is not installed where taxonomy-tools runs ({sys.executable})."
        assert caught.value.remedies[0].command == f"{sys.executable} -m pip install --force-reinstall yamllint"

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            pytest.param(
                "import nothing_like_this", "ModuleNotFoundError: No module named 'nothing_like_this'", id="broken"
            ),
            pytest.param("raise SystemExit(3)", "exit status 3, and no word why", id="silent"),
            pytest.param("import os; os.abort()", "ended by signal 6", id="aborted"),
            pytest.param("", "exit status 0, and no word why", id="does nothing"),
        ],
    )
    def test_broken(self, tmp_path: Path, body: str, words: str) -> None:
        with pytest.raises(TaxonomyError) as caught:
            lint({QNA: CLEAN}, command=stand_in(tmp_path, body))
        assert caught.value.message == f"yamllint cannot run: {words}"

    def test_never_starts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(yamllint, "_START_SECONDS", 0.5)
        with pytest.raises(TaxonomyError, match=r"^yamllint did not start within 0\.5 seconds\.$"):
            lint({QNA: CLEAN}, command=stand_in(tmp_path, "import time; time.sleep(60)"))

    def test_no_such_program(self, tmp_path: Path) -> None:
        with pytest.raises(TaxonomyError) as caught:
            start([QNA], command=[str(tmp_path / "none")])
        assert caught.value.message == (
            f"yamllint cannot be started with {tmp_path / 'none'}: No such file or directory"
        )

    def test_no_interpreter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "")
        with pytest.raises(TaxonomyError, match="does not know where its own program lies"):
            start([QNA])


class TestLifetime:
    def test_put_and_results_out_of_turn(self) -> None:
        with start(["a", "b"]) as run:
            run.put(0, CLEAN)
            with pytest.raises(ValueError, match="file 0 is not expected"):
                run.put(0, CLEAN)
            with pytest.raises(ValueError, match="file 2 is not expected"):
                run.put(2, CLEAN)
            with pytest.raises(ValueError, match="1 files were not handed over"):
                run.results()

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
    @pytest.mark.parametrize("number", [pytest.param(0, id="nothing put"), pytest.param(9, id="some put")])
    def test_an_exception_in_between(self, error: type[BaseException], number: int) -> None:
        def run() -> None:
            with start([str(index) for index in range(40)]) as run:
                for index in range(number):
                    run.put(index, CLEAN)
                raise error

        with pytest.raises(error):
            run()

    def test_an_interrupt_while_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(seconds: float) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(time, "sleep", interrupt)
        with pytest.raises(KeyboardInterrupt):
            lint({QNA: b"[" * 4000})

    def test_closing_twice(self) -> None:
        run = start([QNA])
        run.close()
        run.close()

    def test_it_starts_before_the_files_are_there(self) -> None:
        with start([str(number) for number in range(20)]) as run:
            assert run._process is not None
            deadline = time.monotonic() + 30
            while not run._process.ready and time.monotonic() < deadline:
                assert list(run._process._read()) == []
                time.sleep(0.01)
            assert run._process.ready, "the first marker is printed while yamllint waits at the gate"
            for index in range(20):
                run.put(index, TRAILING)
            assert {len(brief(result)) for result in run.results()} == {1}

    def test_without_gates(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(yamllint, "_has_gates", lambda: False)
        with start(["a", "b"]) as run:
            run.put(1, TRAILING)
            assert run._process is None
            run.put(0, CLEAN)
            assert run._process is not None
            assert [len(brief(result)) for result in run.results()] == [0, 1]

    def test_gates_that_do_not_hold(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that was not there in time costs a second process, not a verdict."""
        with start(["a", "b"]) as run:
            assert run._process is not None
            run._process._open_gates()
            run._process._popen.wait()
            run.put(0, TRAILING)
            run.put(1, TRAILING)
            assert [len(brief(result)) for result in run.results()] == [1, 1]

    def test_a_fork_does_not_keep_a_gate_shut(self) -> None:
        with start(["a"]) as run:
            child = os.fork()
            if child == 0:
                time.sleep(60)
                os._exit(0)
            try:
                run.put(0, TRAILING)
                began = time.monotonic()
                assert len(brief(run.results()[0])) == 1
                assert time.monotonic() - began < 5
            finally:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)

    def test_yamllint_ends_when_its_parent_is_killed(self, temporary: Path) -> None:
        program = """
            import sys, tempfile
            from taxonomy_tools.yamllint import start
            tempfile.tempdir = sys.argv[1]
            run = start([str(number) for number in range(40)])
            for number in range(9):
                run.put(number, b"a: 1")
            print(run._process._popen.pid, flush=True)
            sys.stdin.read()
            """
        parent = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), str(temporary)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with parent:
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            parent.kill()
        deadline = time.monotonic() + 30
        while Path(f"/proc/{child}").exists() and not is_zombie(child):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for path in sorted(temporary.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def test_no_copy_is_left_when_a_file_is_done(self, tmp_path: Path, temporary: Path) -> None:
        rules = write_rules(tmp_path, "{extends: relaxed, ignore: /nothing}")
        with start(["a/b/qna.yaml", "a/c/qna.yaml"], rules) as run:
            run.put(0, CLEAN)
            run.put(1, CLEAN)
            run.results()
            assert [path.name for path in temporary.glob("*/tree/[!.]*")] == []


def is_zombie(process: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True


class TestRuns:
    """Several runs side by side give what one gives."""

    @pytest.mark.parametrize("processes", [1, 2, 3, 20])
    def test_results_are_in_the_order_of_the_names(self, processes: int) -> None:
        contents = [None if number == 3 else b"a: 1\n" * number + b"b: 1 \n" for number in range(7)]
        names = [f"knowledge/{number}/qna.yaml" for number in range(7)]
        with Runs(names, processes=processes) as runs:
            for index, content in enumerate(contents):
                runs.put(index, content)
            results = list(runs.results())
        trailing = [
            next((problem.line for problem in found if problem.rule == "trailing-spaces"), None)
            for found in results
            if isinstance(found, tuple)
        ]
        assert trailing == [1, 2, 3, None, 5, 6, 7]

    def test_no_files(self) -> None:
        with Runs([], processes=2) as runs:
            assert list(runs.results()) == []

    def test_nothing_is_left_when_one_cannot_start(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        started: list[object] = []

        def start_one(*arguments: object) -> object:
            if started:
                raise TaxonomyError("no more processes")
            started.append(arguments)
            return start(["a/qna.yaml"])

        monkeypatch.setattr(yamllint, "start", start_one)
        with pytest.raises(TaxonomyError, match="no more processes"):
            Runs(["a/qna.yaml", "b/qna.yaml"], processes=2)
        assert len(started) == 1
        assert list((tmp_path / "temporary").iterdir()) == []
