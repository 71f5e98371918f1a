"""`taxonomy migrate`, as its users call it."""

from tests.command import ATTRIBUTION, SCRIPTS, Result, run, skill
from tests.commands.bad_input_test import powerless
from tests.repository import Repo

FIRST = skill().replace("version: 3\n", "")
SHORT = FIRST[: FIRST.index("  - question: What is 5")]
MARKED = SHORT.replace("created_by", "version: 3\ncreated_by").replace(
    "seed_examples", "# taxonomy migrate: write 1 more seed example: version 3 needs five\nseed_examples"
)


def taxonomy(repo: Repo) -> Repo:
    for name, content in (("done", skill()), ("first", FIRST), ("short", SHORT.replace("\n", "\r\n"))):
        repo.write(f"compositional_skills/{name}/qna.yaml", content)
        repo.write(f"compositional_skills/{name}/attribution.txt", ATTRIBUTION)
    repo.write("compositional_skills/old/qna.yml", FIRST)
    repo.config(core__autocrlf="true")
    return repo


def test_leaves_are_lifted_and_what_is_left_is_listed(repo: Repo) -> None:
    root = taxonomy(repo).path
    lifted = run("taxonomy", "migrate", cwd=root)
    assert lifted == Result(
        status=1,
        out="compositional_skills/first/qna.yaml: version 1 -> 3\n"
        "  compositional_skills/old/qna.yml: mend it first: it must be named qna.yaml\n"
        "compositional_skills/short/qna.yaml: version 1 -> 3\n"
        "  compositional_skills/short/qna.yaml:5:1: write 1 more seed example: version 3 needs five\n"
        "Lifted 2 leaves to version 3. 2 leaves need a person, in 2 places.\n",
        err="",
    )
    assert (root / "compositional_skills/first/qna.yaml").read_bytes().decode() == skill().replace(
        "version: 3\n", ""
    ).replace("created_by", "version: 3\ncreated_by")
    assert (root / "compositional_skills/short/qna.yaml").read_bytes().decode() == MARKED.replace("\n", "\r\n")
    again = run("taxonomy", "migrate", "compositional_skills/short", "compositional_skills/done", cwd=root)
    assert again == Result(
        status=1,
        out="  compositional_skills/short/qna.yaml:4:1: write 1 more seed example: version 3 needs five\n"
        "Lifted no leaf to version 3. 1 leaf needs a person, in 1 place.\n",
        err="",
    )


def test_what_is_lifted_at_once_is_accepted(repo: Repo) -> None:
    root = taxonomy(repo).path
    assert run("taxonomy", "migrate", "compositional_skills/first", cwd=root).status == 0
    assert run("taxonomy", "check", "compositional_skills/first", cwd=root).status == 0


def test_the_patch_is_what_it_does(repo: Repo) -> None:
    root = taxonomy(repo).path
    shown = run("taxonomy", "migrate", "--dry-run", cwd=root)
    assert shown.status == 1
    assert shown.err.endswith("Would lift 2 leaves to version 3. 2 leaves need a person, in 2 places.\n")
    assert (root / "compositional_skills/first/qna.yaml").read_text() == FIRST
    repo.git("apply", "--whitespace=nowarn", "-", stdin=shown.out.encode())
    assert (root / "compositional_skills/short/qna.yaml").read_bytes().decode() == MARKED.replace("\n", "\r\n")


def test_a_leaf_without_attribution_needs_a_person_until_it_has_one(repo: Repo) -> None:
    repo.write("compositional_skills/first/qna.yaml", FIRST)
    left = (
        "  compositional_skills/first/attribution.txt: write it: "
        "from version 2 on, a leaf says where its seed examples come from\n"
    )
    assert run("taxonomy", "migrate", cwd=repo.path) == Result(
        status=1,
        out=f"compositional_skills/first/qna.yaml: version 1 -> 3\n{left}"
        "Lifted 1 leaf to version 3. 1 leaf needs a person, in 1 place.\n",
        err="",
    )
    assert run("taxonomy", "migrate", cwd=repo.path) == Result(
        status=1, out=f"{left}Lifted no leaf to version 3. 1 leaf needs a person, in 1 place.\n", err=""
    )
    repo.write("compositional_skills/first/attribution.txt", ATTRIBUTION)
    assert run("taxonomy", "migrate", cwd=repo.path) == Result(status=0, out="Lifted no leaf to version 3.\n", err="")


def test_what_yamllint_says_from_now_on_is_mended_or_listed(repo: Repo) -> None:
    documents = {
        "crlf": FIRST.replace("\n", "\r\n"),
        "double": f"{FIRST}created_by: bob\n",
        "open": FIRST.replace("created_by: ada", "created_by: ada  ").rstrip("\n"),
        "text": FIRST.replace("answer: Two.", "answer: |\n      Two. \n      Or so."),
        "tab": SHORT.replace("created_by: ", "created_by:\t"),
    }
    for name, content in documents.items():
        repo.write(f"compositional_skills/{name}/qna.yaml", content)
        repo.write(f"compositional_skills/{name}/attribution.txt", "" if name == "tab" else ATTRIBUTION)
    left = (
        (
            "  compositional_skills/double/qna.yaml:15:1: mend it: "
            'duplication of key "created_by" in mapping (key-duplicates)\n'
        ),
        (
            "  compositional_skills/tab/qna.yaml:5:1: write 1 more seed example: version 3 needs five\n"
            "  compositional_skills/tab/attribution.txt: mend it: "
            "the file is empty: say where the seed examples come from\n"
        ),
        "  compositional_skills/text/qna.yaml:7:11: mend it: trailing spaces (trailing-spaces)\n",
    )
    shown = run("taxonomy", "migrate", "--dry-run", cwd=repo.path)
    assert (shown.status, shown.err) == (
        1,
        (
            "compositional_skills/crlf/qna.yaml: version 1 -> 3\n"
            f"compositional_skills/double/qna.yaml: version 1 -> 3\n{left[0]}"
            "compositional_skills/open/qna.yaml: version 1 -> 3\n"
            f"compositional_skills/tab/qna.yaml: version 1 -> 3\n{left[1]}"
            f"compositional_skills/text/qna.yaml: version 1 -> 3\n{left[2]}"
            "Would lift 5 leaves to version 3. 3 leaves need a person, in 4 places.\n"
        ),
    )
    lifted = run("taxonomy", "migrate", cwd=repo.path)
    assert (lifted.status, lifted.err) == (1, "")
    assert lifted.out == shown.err.replace("Would lift", "Lifted")
    newest = FIRST.replace("created_by", "version: 3\ncreated_by")
    for name, content in (("crlf", newest), ("open", newest), ("double", f"{newest}created_by: bob\n")):
        assert (repo.path / f"compositional_skills/{name}/qna.yaml").read_bytes() == content.encode(), name
    accepted = ("compositional_skills/crlf", "compositional_skills/open")
    assert run("taxonomy", "check", *accepted, cwd=repo.path).status == 0
    # A second run knows as much, and touches nothing.
    again = run("taxonomy", "migrate", cwd=repo.path)
    assert again == Result(
        status=1,
        out="".join(left).replace("qna.yaml:5:1", "qna.yaml:4:1")
        + "Lifted no leaf to version 3. 3 leaves need a person, in 4 places.\n",
        err="",
    )


def test_what_the_configuration_does_not_ask_for_is_not_left(repo: Repo) -> None:
    repo.write("compositional_skills/first/qna.yaml", f"{FIRST}created_by: bob\n")
    repo.write(".taxonomy-tools.yaml", "severity: {TX200: warning, TX401: off}\n")
    assert run("taxonomy", "migrate", cwd=repo.path) == Result(
        status=0,
        out="compositional_skills/first/qna.yaml: version 1 -> 3\nLifted 1 leaf to version 3.\n",
        err="",
    )


def test_a_leaf_of_version_3_is_not_touched(repo: Repo) -> None:
    done = skill().replace("created_by: ada", "created_by: ada  ")
    repo.write("compositional_skills/done/qna.yaml", done)
    repo.write("compositional_skills/done/attribution.txt", ATTRIBUTION)
    assert run("taxonomy", "migrate", cwd=repo.path) == Result(
        status=1,
        out="  compositional_skills/done/qna.yaml:2:16: mend it with `taxonomy check --fix`: "
        "trailing spaces (trailing-spaces)\n"
        "Lifted no leaf to version 3. 1 leaf needs a person, in 1 place.\n",
        err="",
    )
    assert (repo.path / "compositional_skills/done/qna.yaml").read_text() == done


def test_nothing_to_lift(repo: Repo) -> None:
    repo.write("compositional_skills/done/qna.yaml", skill())
    repo.write("compositional_skills/done/attribution.txt", ATTRIBUTION)
    assert run("taxonomy", "migrate", cwd=repo.path) == Result(status=0, out="Lifted no leaf to version 3.\n", err="")


def test_a_path_that_is_not_there_is_wrong_use(repo: Repo) -> None:
    assert run("taxonomy", "migrate", "nowhere", cwd=repo.path).status == 2


def test_a_leaf_that_cannot_be_opened_is_told_when_the_others_are_lifted(repo: Repo) -> None:
    root = taxonomy(repo).path
    closed = repo.write("compositional_skills/closed/qna.yaml", FIRST)
    closed.chmod(0)
    paths = ("compositional_skills/closed", "compositional_skills/first")
    assert run(SCRIPTS / "taxonomy", "migrate", *paths, cwd=root, prefix=powerless()) == Result(
        status=2,
        out="  compositional_skills/closed/qna.yaml: mend it first: it cannot be read\n"
        "compositional_skills/first/qna.yaml: version 1 -> 3\n"
        "Lifted 1 leaf to version 3. 1 leaf needs a person, in 1 place.\n",
        err="taxonomy: not everything could be checked, because a file could not be opened: "
        "compositional_skills/closed/qna.yaml.\n  See who may read it:  ls -l\n",
    )
