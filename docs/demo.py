"""A small taxonomy to try the tool on: an upstream, and the clone of somebody who changed a few leaves.

    python docs/demo.py [FOLDER]     (`make demo` runs it for build/demo)

builds both anew below FOLDER and runs `taxonomy-diff` in the clone, then a dry run of `taxonomy generate`, which also
generates where OLLAMA_HOST names a server and TAXONOMY_TEST_MODEL a model of it. Authors, dates and everything of Git's
configuration are fixed, so the output is the same everywhere, down to the hashes; the README quotes it. Needs Git and
the Python that taxonomy-tools is installed for, nothing else.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

UPSTREAM = "upstream"
CLONE = "taxonomy"
MARKER = ".made-by-docs-demo"

# All that the processes get to see of their surroundings: a CI event or GIT_DIR would lead them elsewhere.
_TERMINAL = ("COLORTERM", "COLUMNS", "FORCE_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "NO_COLOR", "TERM")
_SYSTEM = ("COVERAGE_PROCESS_CONFIG", "PATH", "PATHEXT", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")

_RHYMES = (
    ("Which word rhymes with moon and is eaten with?", "Spoon rhymes with moon."),
    ("Does orange rhyme with door?", "No"),
    ("Find two rhymes for light.", "Night and kite both rhyme with light."),
    ("Do cough and though rhyme?", "They do not, although they are spelled alike."),
    ("What is an eye rhyme?", "Two words that look as if they rhymed but sound different, such as love and move."),
)
_KNOCK_KNOCK = (
    ("Tell a knock-knock joke about a lettuce.", "Knock, knock. Who is there? Lettuce. Lettuce who? Lettuce in!"),
    ("Tell a knock-knock joke about a boat.", "Knock, knock. Who is there? Canoe. Canoe who? Canoe open the door?"),
    ("Tell a knock-knock joke about an owl.", "Knock, knock. Who is there? Owls say. Owls say who? Yes, they do."),
    ("Tell a knock-knock joke about ice cream.", "Knock, knock. Who is there? Ice cream. Ice cream who? Ice cream!"),
    ("Tell a knock-knock joke about a cow.", "Knock, knock. Who is there? Cows go. Cows go who? No, cows go moo."),
)
_LIMERICKS = (
    ("How many lines has a limerick?", "Five."),
    ("Which lines of a limerick rhyme with each other?", "The first, second and fifth, and the third with the fourth."),
    ("Which lines of a limerick are the short ones?", "The third and the fourth."),
    ("How does a limerick often begin?", "With a person and a place, as in There was a young baker from Kent."),
    ("What tone does a limerick have?", "A light one, and the last line brings the joke."),
)
_CHANGE = (
    ("I pay 3.20 with a five. What do I get back?", "1.80 in change."),
    ("Give 65 cents in as few coins as you can, from 50, 20, 10 and 5.", "One 50, one 10 and one 5."),
    ("I pay 12.50 with a twenty. What do I get back?", "7.50 in change."),
    ("What do three coins of 20 and two of 5 make?", "70 cents."),
    ("I get 40 cents back from one of 2.00. What did it cost?", "It cost 1.60."),
)
_PACKING = (
    ("What do I pack for a weekend of walking in the rain?", "A rain jacket, spare socks, a dry bag and a warm layer."),
    ("What do I pack for a day at the beach?", "A towel, sun cream, a hat, water and something to read."),
    ("What do I pack for a night train?", "Ear plugs, a light blanket, a toothbrush and the ticket."),
    ("What do I pack for a week with one small bag?", "Layers of one colour, one pair of shoes, and soap for washing."),
    ("What do I pack for a school trip to a museum?", "A packed lunch, a notebook, a pencil and a water bottle."),
)
_TEMPO = (
    ("What does allegro mean?", "Fast and lively."),
    ("What does adagio mean?", "Slow and at ease."),
    ("Which is slower, largo or andante?", "Largo is slower."),
    ("What does a tempo ask for?", "A return to the speed before the last change."),
    ("What does ritardando ask for?", "To become slower little by little."),
)
_COMPANIONS = (
    ("What grows well next to tomatoes?", "Basil and marigolds."),
    ("What should not stand beside beans?", "Onions and garlic hold beans back."),
    ("Why plant sweetcorn, beans and squash together?", "The corn carries the beans, and the squash shades the soil."),
    ("What keeps carrot flies away?", "A row of leeks or onions beside the carrots."),
    ("Is mint a good companion in a bed?", "Only in a pot, since its roots spread everywhere."),
)
_MINUTES = (
    (
        "Who has to do something after this meeting?",
        "Noor orders the paint, and Sam asks the neighbours.",
        "The fence is to be green. Noor will order the paint. Sam will ask the neighbours by Friday.",
    ),
    (
        "What was decided?",
        "To move the market to the school yard.",
        "After some talk about parking all agreed that the market moves to the school yard in May.",
    ),
    (
        "When is the next meeting?",
        "On the first Tuesday of March.",
        "Nobody could come in February, so the next meeting is on the first Tuesday of March.",
    ),
    (
        "What was left open?",
        "Who pays for the lamps.",
        "The lamps will be replaced. Who pays for them was not settled and comes up again.",
    ),
    (
        "How much money is left?",
        "140, after the repair of the roof.",
        "There were 400 in the box. The roof cost 260. The rest is kept for the summer.",
    ),
)
_WREN = (
    (
        "The wren is a small, round, brown bird. It is recognised by its short tail, which it holds upright.",
        ("What colour is a wren?", "Brown."),
        ("How does a wren hold its tail?", "Upright."),
        ("What shape has a wren?", "It is small and round."),
    ),
    (
        "For its weight the wren has one of the loudest songs of all birds, with a long trill near the end.",
        ("Is the song of a wren loud?", "It is very loud for so small a bird."),
        ("Where in the song is the trill?", "Near the end."),
        ("What is remarkable about the wren's song?", "How loud it is for the bird's weight."),
    ),
    (
        "The male builds several domed nests in spring. The female chooses one of them and lines it with feathers.",
        ("Who builds the nests?", "The male."),
        ("What does the female do with the nest she chooses?", "She lines it with feathers."),
        ("What is the roof of a wren's nest like?", "It is a dome."),
    ),
    (
        "Wrens eat insects and spiders, which they pick from bark, from dead leaves and from cracks in walls.",
        ("What do wrens eat?", "Insects and spiders."),
        ("Where do wrens find their food?", "In bark, dead leaves and cracks in walls."),
        ("Do wrens hunt on the wing?", "The text speaks only of picking food from surfaces."),
    ),
    (
        "Hard winters are the wren's worst enemy. In long frost many wrens spend the night together in one hole.",
        ("What is the wren's worst enemy?", "A hard winter."),
        ("How do wrens get through frosty nights?", "Many of them share one hole."),
        ("When do wrens sleep in company?", "In long frost."),
    ),
)
_WREN_LATER = (
    *_WREN[:1],
    (
        _WREN[1][0],
        ("Is the song of a wren loud?", "Yes, it is among the loudest of all birds for its weight."),
        *_WREN[1][2:],
    ),
    *_WREN[2:4],
    (*_WREN[4][:3], ("When do wrens sleep in company?", "In long frost, to keep each other warm.")),
    (
        "Wrens live in hedges, woods and gardens, in reeds, and even on bare islands, wherever there is low cover.",
        ("Where do wrens live?", "In hedges, woods, gardens and reeds, and on islands."),
        ("What must a place have for wrens to live there?", "Low cover."),
        ("Are there wrens on islands?", "There are, even on bare ones."),
    ),
)

_CONVERSIONS = """\
version: 3
created_by: robin-example
seed_examples:
  - question: How many teaspoons are in a tablespoon?
    answer: Three.
  - question: How many grams are in half a kilogram?
    anwser: 500 grams.
  - question: How many millilitres are in a cup?\x20\x20
    answer: About 240, in an American recipe.
  - question: Is a fluid ounce a weight?
    answer: It is a volume.
  - question: How many millilitres are in a decilitre?
    answer: 100
"""
_LIGHTHOUSES = """\
version: 3
created_by: robin-example
domain: history
document_outline: How lighthouses were built and lit
seed_examples:
  - context: A Fresnel lens is built of many rings. It needs far less glass than a plain lens of the same strength.
    questions_and_answers:
      - question: What is it built of?
        answer: Many rings, says the text: one around the other.
"""


def skill(task: str, pairs: Iterable[Sequence[str]]) -> str:
    """A version 3 compositional skill; a pair may have a context as its third part."""
    lines = ["version: 3", "created_by: robin-example", f"task_description: {task}", "seed_examples:"]
    for question, answer, *context in pairs:
        lines += [f"  - question: {question}", f"    answer: {answer}", *(f"    context: {text}" for text in context)]
    return "\n".join(lines) + "\n"


def knowledge(domain: str, outline: str, commit: str, seeds: Iterable[tuple[str, *tuple[tuple[str, str], ...]]]) -> str:
    """A version 3 knowledge leaf: each seed is its context and then its questions with their answers."""
    lines = ["version: 3", "created_by: robin-example", f"domain: {domain}", f"document_outline: {outline}"]
    lines += ["document:", "  repo: https://github.com/example/field-notes", f"  commit: {commit}"]
    lines += ["  patterns:", '    - "wrens/*.md"', "seed_examples:"]
    for context, *pairs in seeds:
        lines += [f"  - context: {context}", "    questions_and_answers:"]
        for question, answer in pairs:
            lines += [f"      - question: {question}", f"        answer: {answer}"]
    return "\n".join(lines) + "\n"


def attribution(title: str, *, creator: str = "robin-example") -> str:
    """What stands beside a leaf's `qna.yaml`."""
    return f"Title of work: {title}\nLink to work: -\nLicense of the work: CC-BY-4.0\nCreator names: {creator}\n"


def leaf(path: str, title: str, document: str) -> dict[str, str]:
    """The two files of a leaf, by their paths."""
    return {f"{path}/qna.yaml": document, f"{path}/attribution.txt": attribution(title)}


def upstream_files() -> dict[str, str]:
    """The taxonomy that everybody starts from."""
    return {
        "README.md": "# A small taxonomy\n",
        **leaf("compositional_skills/arithmetic/giving_change", "Giving change", skill("Give change.", _CHANGE)),
        **leaf(
            "compositional_skills/grounded/summaries/meeting_notes",
            "Meeting notes",
            skill("Answer from the notes of a meeting.", _MINUTES),
        ),
        **leaf(
            "compositional_skills/writing/jokes/knock_knock", "Knock-knock jokes", skill("Tell a joke.", _KNOCK_KNOCK)
        ),
        **leaf("compositional_skills/travel/packing_lists", "Packing lists", skill("List what to pack.", _PACKING)),
        **leaf("compositional_skills/writing/limericks", "Limericks", skill("Explain limericks.", _LIMERICKS)),
        **leaf(
            "knowledge/science/animals/birds/wren",
            "Field notes on wrens",
            knowledge("biology", "What a wren is and how it lives", "4f0c" * 10, _WREN),
        ),
    }


def commit_work(clone: Path) -> None:
    """What the contributor has committed: one leaf, with an answer that YAML reads as a boolean."""
    write(clone, leaf("compositional_skills/linguistics/rhymes", "Rhymes", skill("Talk about rhymes.", _RHYMES)))


def leave_work(clone: Path) -> None:
    """What the contributor has done since: nothing of it is known to Git."""
    skills = clone / "compositional_skills"
    write(
        clone,
        {
            # A seed example more, two edited, and another commit of the document.
            "knowledge/science/animals/birds/wren/qna.yaml": knowledge(
                "biology", "What a wren is and how it lives", "b71e" * 10, _WREN_LATER
            ),
            # Only its attribution changes.
            "compositional_skills/arithmetic/giving_change/attribution.txt": attribution(
                "Giving change", creator="robin-example, ada-example"
            ),
            # The same data, with a comment and with quotes.
            "compositional_skills/grounded/summaries/meeting_notes/qna.yaml": "# Notes of invented meetings.\n"
            + skill('"Answer from the notes of a meeting."', _MINUTES),
            # A missing key, a misspelled one, spaces at an end of a line, and a number for an answer.
            **leaf("compositional_skills/cooking/unit_conversions", "Units in the kitchen", _CONVERSIONS),
            # The wrong name of the file.
            "compositional_skills/gardening/companion_plants/qna.yml": skill("Say what to plant.", _COMPANIONS),
            "compositional_skills/gardening/companion_plants/attribution.txt": attribution("Companion plants"),
            # No attribution.txt.
            "compositional_skills/music/tempo_markings/qna.yaml": skill("Explain tempo markings.", _TEMPO),
            # A colon that makes the text something else.
            **leaf("knowledge/history/lighthouses", "Lighthouses", _LIGHTHOUSES),
        },
    )
    shutil.rmtree(skills / "writing/jokes")
    (skills / "writing/poetry").mkdir()
    (skills / "writing/limericks").rename(skills / "writing/poetry/limericks")


def build(folder: Path) -> Path:
    """Build the upstream and the clone below `folder`, anew if they are there, and return the clone.

    Raises FileExistsError if `folder` holds anything that this did not make.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise FileExistsError(f"{folder} holds something else: name a new or an empty folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
    upstream, clone = folder / UPSTREAM, folder / CLONE

    git(folder, "init", "--quiet", "--initial-branch=main", UPSTREAM)
    write(upstream, upstream_files())
    commit(upstream, "Start the taxonomy", day=1)

    git(folder, "init", "--quiet", "--initial-branch=my-leaves", CLONE)
    git(clone, "remote", "add", "upstream", f"../{UPSTREAM}")
    git(clone, "fetch", "--quiet", "upstream")
    git(clone, "reset", "--quiet", "--hard", "upstream/main")
    commit_work(clone)
    commit(clone, "Add rhymes", day=2)

    # Other people's work, fetched but not merged: no change of the contributor's.
    packing = leaf("compositional_skills/travel/packing_lists", "Packing lists", skill("Say what to pack.", _PACKING))
    write(upstream, packing)
    commit(upstream, "Reword the packing lists", day=3)
    tempo = leaf("compositional_skills/music/instruments", "Instruments", skill("Explain music.", _TEMPO))
    write(upstream, tempo)
    commit(upstream, "Add instruments", day=4)
    git(clone, "fetch", "--quiet", "upstream")

    leave_work(clone)
    return clone


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write the files, by their paths below `root`."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")


def commit(repository: Path, message: str, *, day: int) -> None:
    """Commit everything, signed off, as of a day in November 2026."""
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--signoff", "--message", message, day=day)


def git(folder: Path, *arguments: str, day: int = 1) -> None:
    """Run Git there, with nothing of the user's configuration."""
    who = {"NAME": "Robin Example", "EMAIL": "robin@example.com", "DATE": f"2026-11-{day:02}T12:00:00+00:00"}
    people = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    settings = ("-c", "core.autocrlf=false", "-c", "gc.auto=0", "-c", "remote.upstream.followRemoteHEAD=never")
    subprocess.run(["git", *settings, *arguments], cwd=folder, env=environment(folder) | people, check=True)


def environment(home: Path) -> dict[str, str]:
    """The environment of every process: fixed, but for what a terminal and a search path need."""
    kept = {name: value for name, value in os.environ.items() if name in _TERMINAL + _SYSTEM}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def diff_command() -> str:
    """The `taxonomy-diff` of the environment that this runs in."""
    command = shutil.which("taxonomy-diff", path=sysconfig.get_path("scripts"))
    if command is None:
        sys.exit("demo: taxonomy-diff is not installed beside this Python (`make demo` installs it)")
    return command


def main(argv: Sequence[str] | None = None) -> int:
    """Build the demo, and let `taxonomy-diff` speak for itself."""
    arguments = sys.argv[1:] if argv is None else argv
    folder = Path(arguments[0] if arguments else "build/demo").resolve()
    command = diff_command()
    clone = build(folder)
    print(f"{clone} is a contributor's clone of a small taxonomy,")
    print("with leaves added, modified, renamed, removed and broken. There:\n")
    print("$ taxonomy-diff", flush=True)
    status = subprocess.run([command], cwd=clone, env=environment(folder), check=False).returncode
    print(f"$ echo $?\n{status}")
    if status != 1:
        print(f"demo: the demo has errors in it, so the exit status should be 1, not {status}", file=sys.stderr)
        return 2
    generate(Path(command).with_name("taxonomy"), clone, environment(folder))
    print(NEXT.format(clone=os.path.relpath(clone), scripts=os.path.relpath(Path(command).parent)))
    return 0


def generate(command: Path, clone: Path, variables: Mapping[str, str]) -> None:
    """Show what a model would be asked for samples; where OLLAMA_HOST names a server with a model, ask it."""
    if find_spec("ollama") is None:
        print("\n(Sample data needs the extra `generate`, which is not installed here.)")
        return
    host, model = os.environ.get("OLLAMA_HOST", ""), os.environ.get("TAXONOMY_TEST_MODEL", "granite3.3:8b")
    dry = ["generate", "--model", model, "--samples-per-leaf", "1", "--dry-run"]
    for arguments in (dry, dry[:-1]) if host else (dry,):
        print(f"\n$ taxonomy {' '.join(arguments)}", flush=True)
        # Nobody listens at this port: the dry run is the same everywhere.
        server = host if arguments is not dry else "127.0.0.1:1"
        status = subprocess.run(
            [command, *arguments], cwd=clone, env={**variables, "OLLAMA_HOST": server}, check=False
        ).returncode
        print(f"$ echo $?\n{status}")


NEXT = """
What you see: what is compared with what, then one line a changed leaf, then all that is wrong, at its line and column,
with the line itself. The two commits that others made upstream since are not among the changes.

Go on from here:
  export PATH="$PWD/{scripts}:$PATH"; cd {clone}
  $EDITOR compositional_skills/linguistics/rhymes/qna.yaml     write "No" in quotes, and run taxonomy-diff again
  taxonomy rule TX201                                          why that is an error
  git add --all && taxonomy-diff --staged                      what a commit would hold: the same
  taxonomy-diff --head HEAD                                    what is committed: one leaf
  taxonomy-diff --output-format json                           the same as data
  taxonomy check                                               every leaf, changed or not
  taxonomy generate --model NAME                               samples, where an Ollama server has that model"""


if __name__ == "__main__":
    sys.exit(main())
