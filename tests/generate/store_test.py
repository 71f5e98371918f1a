"""Answers are on the disk before anything else happens to them, and what is wrong with the file is told."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.request import Durations, Message
from taxonomy_tools.generate.settings import Model
from taxonomy_tools.generate.store import STORE_FILE, Rate, Store
from tests.generate.answers import answer, request


def test_what_is_put_is_got_back(tmp_path: Path) -> None:
    said = answer('a "quote", a \ud800 surrogate, a\nline, é')
    with Store(tmp_path / STORE_FILE) as store:
        store.put(request(1), said)
        assert store.get(request(1).name) == said
    with Store(tmp_path / STORE_FILE) as store:
        assert store.get(request(1).name) == said
        assert store.get(request(2).name) is None


def test_many_are_asked_for_at_once(tmp_path: Path) -> None:
    names = [request(number).name for number in range(1_200)]
    with Store(tmp_path / STORE_FILE) as store:
        for number in range(0, 1_200, 2):
            store.put(request(number), answer(str(number)))
        assert store.known(names) == frozenset(names[::2])
        assert {name: one.content for name, one in store.get_many(names).items()} == {
            names[number]: str(number) for number in range(0, 1_200, 2)
        }


def test_first_answer_stays(tmp_path: Path) -> None:
    with Store(tmp_path / STORE_FILE) as store:
        store.put(request(), answer("first"))
        store.put(request(), answer("second"))
        found = store.get(request().name)
    assert found is not None
    assert found.content == "first"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        pytest.param({"model": "another-name"}, True, id="what the server calls it does not count"),
        pytest.param({"digest": "sha256:2"}, False, id="what the model is counts"),
        pytest.param({"format": '{ "type" : "object" }'}, True, id="white space of the schema does not count"),
        pytest.param({"format": '{"type":"array"}'}, False, id="the schema counts"),
        pytest.param({"options": {"temperature": 0.7, "seed": 0}}, True, id="the order of options does not count"),
        pytest.param({"options": {"temperature": 0.7, "seed": 1}}, False, id="each option counts"),
        pytest.param({"messages": (Message(role="system", content="number 0"),)}, False, id="the role counts"),
    ],
)
def test_name_says_what_the_answer_depends_on(change: dict[str, Any], same: bool) -> None:
    assert (request(**change).name == request().name) is same


def test_waiting_is_what_the_server_does_not_account_for() -> None:
    assert Durations(total=10, load=1, prompt=2, answer=3).waiting == 4
    assert Durations(total=1, prompt=2).waiting == 0


def test_models_and_rates_are_remembered(tmp_path: Path) -> None:
    with Store(tmp_path / STORE_FILE) as store:
        assert store.model("tiny") is None
        assert store.rate("sha256:1") is None
        store.note_model(Model(name="tiny", digest="sha256:0", context_length=1))
        store.note_model(Model(name="tiny", digest="sha256:1", context_length=4096))
        store.note_rate("sha256:1", Rate(answers=10, tokens=500, seconds=2.5))
    with Store(tmp_path / STORE_FILE) as store:
        assert store.model("tiny") == Model(name="tiny", digest="sha256:1", context_length=4096)
        assert store.rate("sha256:1") == Rate(answers=10, tokens=500, seconds=2.5)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / STORE_FILE
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(TaxonomyError, match="another program's database"):
        Store(path)
    assert path.read_bytes() == before


def test_store_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / STORE_FILE
    Store(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 7")
    other.close()
    with pytest.raises(TaxonomyError, match=r"a store of version 7, and this taxonomy-tools reads version 1"):
        Store(path)


def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / STORE_FILE
    path.write_bytes(b"no database, and long enough to be taken for one" * 100)
    with pytest.raises(TaxonomyError, match="not a database"):
        Store(path)
    assert path.read_bytes().startswith(b"no database")


def test_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="cannot open the store of answers"):
        Store(tmp_path / "nowhere" / STORE_FILE)


@pytest.mark.parametrize(
    "damage", [b"", b"no zlib", b"x\x9c\x03\x00\x00\x00\x00\x01"], ids=["empty", "noise", "nothing"]
)
def test_damaged_answer_is_told(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / STORE_FILE
    with Store(path) as store:
        store.put(request(), answer())
    other = sqlite3.connect(path)
    other.execute("UPDATE answers SET answer = ?", (damage,))
    other.commit()
    other.close()
    with Store(path) as store, pytest.raises(TaxonomyError, match="is damaged"):
        store.get(request().name)


def test_full_disk_loses_nothing_that_was_there(tmp_path: Path, unmeasured: None) -> None:
    code = dedent("""
        import resource, sys
        from pathlib import Path
        from taxonomy_tools.errors import TaxonomyError
        from tests.generate.answers import answer, request
        from taxonomy_tools.generate.store import Store

        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with Store(Path(sys.argv[1])) as store:
            store.put(request(1), answer("safe"))
            resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))
            try:
                for number in range(2, 1_000):
                    store.put(request(number), answer(str(number) * 997))
            except TaxonomyError as error:
                print(error.message)
    """)
    path = tmp_path / STORE_FILE
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, path], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.stdout.startswith("cannot write to the store of answers")
    with Store(path) as store:
        found = store.get(request(1).name)
    assert found is not None
    assert found.content == "safe"


def test_kill_loses_nothing_that_was_put(tmp_path: Path, unmeasured: None) -> None:
    code = dedent("""
        import sys
        from pathlib import Path
        from tests.generate.answers import answer, request
        from taxonomy_tools.generate.store import Store

        store = Store(Path(sys.argv[1]))
        for number in range(100_000):
            store.put(request(number), answer(str(number)))
            print(number, flush=True)
    """)
    path = tmp_path / STORE_FILE
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code, path], cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = -1
        for line in process.stdout:
            said = int(line)
            if said == 50:
                os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
    names = [request(number).name for number in range(said + 1)]
    with Store(path) as store:
        assert store.known(names) == frozenset(names)


def test_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / STORE_FILE).symlink_to(elsewhere)
    with pytest.raises(TaxonomyError, match="cannot open the store of answers"):
        Store(tmp_path / STORE_FILE)
    assert not elsewhere.exists()


def test_store_that_is_only_read_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / STORE_FILE
    with Store(path) as store:
        store.put(request(1), answer("said"))
    before = path.read_bytes()
    with Store(path, read_only=True) as store:
        found = store.get(request(1).name)
        assert found is not None
        assert found.content == "said"
        with pytest.raises(TaxonomyError, match="cannot write to"):
            store.put(request(2), answer())
    assert path.read_bytes() == before
    with pytest.raises(TaxonomyError, match="cannot open"):
        Store(tmp_path / "nothing", read_only=True)
    assert not (tmp_path / "nothing").exists()
    (tmp_path / "empty").touch()
    with pytest.raises(TaxonomyError, match="it is empty"):
        Store(tmp_path / "empty", read_only=True)
