"""`taxonomy migrate`, as its users call it."""

from tests.command import ATTRIBUTION, Result, run, skill
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


def test_a_leaf_without_attribution_needs_a_person(repo: Repo) -> None:
    repo.write("compositional_skills/first/qna.yaml", FIRST)
    assert run("taxonomy", "migrate", cwd=repo.path) == Result(
        status=1,
        out="compositional_skills/first/qna.yaml: version 1 -> 3\n"
        "  compositional_skills/first/attribution.txt: write it: "
        "from version 2 on, a leaf says where its seed examples come from\n"
        "Lifted 1 leaf to version 3. 1 leaf needs a person, in 1 place.\n",
        err="",
    )


def test_nothing_to_lift(repo: Repo) -> None:
    repo.write("compositional_skills/done/qna.yaml", skill())
    assert run("taxonomy", "migrate", cwd=repo.path) == Result(status=0, out="Lifted no leaf to version 3.\n", err="")


def test_a_path_that_is_not_there_is_wrong_use(repo: Repo) -> None:
    assert run("taxonomy", "migrate", "nowhere", cwd=repo.path).status == 2
