"""The store of the cache: what comes out is what went in, whatever happens to the file and whoever else uses it."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.cache import Cache, cache_key, open_cache

ROOT = Path(__file__).parents[1]
NAME = "verdicts-1.sqlite3"
KEYS = [cache_key("test", number) for number in range(2_000)]
JSON = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-5, 5),
        st.text(st.characters(exclude_categories=())),  # lone surrogates too
        st.sampled_from(("\ud83d\ude00", "\U0001f600", "\0", "\u2028")),
    ),
    lambda inner: st.lists(st.one_of(st.none(), inner), max_size=4),
)


@pytest.fixture
def told() -> list[str]:
    """What was announced."""
    return []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file of the cache is to lie."""
    return tmp_path / "cache" / NAME


@pytest.fixture
def opened(path: Path, told: list[str]) -> Iterator[Callable[[], Cache]]:
    """Opens the cache in `path`, any number of times."""
    caches: list[Cache] = []

    def open_again() -> Cache:
        caches.append(open_cache({"TAXONOMY_CACHE": str(path.parent)}, told.append))
        return caches[-1]

    yield open_again
    for cache in caches:
        cache.close()


def python(code: str, *arguments: str | Path, **options: object) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, **options)  # type: ignore[call-overload,no-any-return]


# What is kept


def test_what_was_put_is_there_for_the_next(opened: Callable[[], Cache], told: list[str], path: Path) -> None:
    values = {key: [number, "text"] for number, key in enumerate(KEYS)}
    with opened() as cache:
        assert cache.get_many(KEYS) == {}
        cache.put_many(values)
        assert cache.get_many(reversed(KEYS)) == values
    with opened() as cache:
        assert cache.known([*KEYS, b"another"]) == frozenset(KEYS)
        assert cache.get_many(iter(KEYS[5:7])) == {key: values[key] for key in KEYS[5:7]}
        cache.put_many({KEYS[5]: "later"})
    with opened() as cache:
        assert cache.get_many(KEYS[5:7]) == {KEYS[5]: "later", KEYS[6]: [6, "text"]}
    assert told == []
    assert os.listdir(path.parent) == [NAME]


@given(value=JSON)
def test_any_value_comes_back(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.mktemp("cache") / NAME
    with Cache(path) as cache:
        cache.put_many({KEYS[0]: [value]})
        assert cache.get_many([KEYS[0]]) == {KEYS[0]: [value]}


@given(one=st.lists(JSON, max_size=4), other=st.lists(JSON, max_size=4))
def test_other_parts_give_another_key(one: list[object], other: list[object]) -> None:
    assert (cache_key("a", *one) == cache_key("a", *other)) == (repr(one) == repr(other))
    assert cache_key("a", *one) != cache_key("b", *one)


def test_nobody_else_can_read_it(opened: Callable[[], Cache], path: Path) -> None:
    before = os.umask(0)
    try:
        opened().put_many({KEYS[0]: [1]})
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_after_close_it_knows_nothing(opened: Callable[[], Cache], told: list[str]) -> None:
    cache = opened()
    cache.put_many({KEYS[0]: [1]})
    cache.close()
    cache.put_many({KEYS[1]: [1]})
    cache.close()
    assert (cache.is_open, cache.known(KEYS), cache.get_many(KEYS), told) == (False, frozenset(), {}, [])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_none_of_it(opened: Callable[[], Cache]) -> None:
    cache = opened()
    cache.put_many({KEYS[0]: [1]})
    child = os.fork()
    if child == 0:
        cache.put_many({KEYS[1]: [2]})
        found = cache.get_many(KEYS[:2])
        cache.close()
        os._exit(len(found))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert cache.get_many(KEYS[:2]) == {KEYS[0]: [1]}


# Where it lies


def test_the_default_is_the_folder_of_the_platform(tmp_path: Path, told: list[str]) -> None:
    with open_cache({}, told.append) as cache:
        cache.put_many({KEYS[0]: [1]})
    home = Path(os.environ["HOME"])
    assert [path.parent.name for path in home.rglob(NAME)] == ["taxonomy-tools"]
    assert told == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("off", [], id="off"),
        pytest.param(
            "cache",
            ["TAXONOMY_CACHE must be a full path or `off`, not `cache`: going on without a cache."],
            id="relative: it would lie in a checkout",
        ),
        pytest.param(
            "/dev/null/x",
            ["TAXONOMY_CACHE names no folder that can be used (Not a directory): going on without a cache."],
            id="below a file",
        ),
    ],
)
def test_without_a_folder_there_is_no_cache(value: str, expected: list[str], told: list[str]) -> None:
    with open_cache({"TAXONOMY_CACHE": value}, told.append) as cache:
        assert not cache.is_open
    assert told == expected


def direct(checkout: Path) -> Path:
    return checkout / "cache"


def through_a_link_out_of_it(checkout: Path) -> Path:
    (checkout.parent / "elsewhere").mkdir()
    (checkout / "cache").symlink_to(checkout.parent / "elsewhere")
    return checkout / "cache"


def through_a_link_into_it(checkout: Path) -> Path:
    (checkout.parent / "link").symlink_to(checkout)
    return checkout.parent / "link" / "cache"


@pytest.mark.parametrize("make", [direct, through_a_link_out_of_it, through_a_link_into_it])
@pytest.mark.parametrize("by", ["TAXONOMY_CACHE", "XDG_CACHE_HOME"])
def test_a_cache_in_the_checkout_is_not_asked(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], Path], by: str
) -> None:
    """Whoever commits there could have written it."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    folder = make(checkout)
    monkeypatch.setenv(by, os.fspath(folder))
    environ = {by: os.fspath(folder)}
    place = folder if by == "TAXONOMY_CACHE" else folder / "taxonomy-tools"
    with open_cache(environ, told.append, checkout=checkout) as cache:
        assert not cache.is_open
    assert told == [f"the cache folder {place} lies in the checkout, where others write: going on without a cache."]
    assert not any(checkout.rglob("*.sqlite3"))
    with open_cache(environ, told.append, checkout=tmp_path / "checkout-2") as cache:
        assert cache.is_open
    assert len(told) == 1


def test_no_home_is_no_cache_and_nothing_to_tell(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", os.devnull)
    monkeypatch.setenv("XDG_CACHE_HOME", f"{os.devnull}/cache")
    with open_cache({}, told.append) as cache:
        assert not cache.is_open
    assert told == []


# What may lie in its place


def noise(path: Path) -> None:
    path.write_bytes(os.urandom(100_000))


def short_noise(path: Path) -> None:
    path.write_bytes(b"noise")


def truncated(path: Path) -> None:
    fill(path)
    os.truncate(path, 5_000)


def other_table(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE kept (key BLOB, value BLOB)")
    database.close()


def folder(path: Path) -> None:
    (path / "within").mkdir(parents=True)


def link(path: Path) -> None:
    path.symlink_to(path.parent / "elsewhere")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def fill(path: Path) -> None:
    with Cache(path) as cache:
        cache.put_many({key: [os.urandom(20).hex()] for key in KEYS})


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        pytest.param(noise, "file is not a database", id="noise"),
        pytest.param(short_noise, "file is not a database", id="little noise"),
        pytest.param(truncated, "database disk image is malformed", id="truncated"),
        pytest.param(other_table, "it holds something else", id="another format"),
        pytest.param(folder, "it is no file", id="a folder"),
        pytest.param(link, "it is no file", id="a link"),
        pytest.param(fifo, "it is no file", id="a named pipe"),
    ],
)
def test_what_is_broken_is_moved_aside(
    break_it: Callable[[Path], None], reason: str, path: Path, told: list[str], opened: Callable[[], Cache]
) -> None:
    path.parent.mkdir()
    expected = []
    for aside in (f"{NAME}.broken", "*"):  # once more, over what was moved aside before
        break_it(path)
        with opened() as cache:
            cache.get_many(KEYS)
            cache.put_many({KEYS[0]: [1]})
        left = set(path.parent.glob(f"{NAME}.*"))
        assert path.with_name(aside) in left or aside == "*"
        expected.append(f"the cache {path} is broken ({reason}): moved aside to ")
        path.unlink(missing_ok=True)
    assert [line.partition(NAME + ".broken")[0] for line in told] == expected
    with opened() as cache:
        cache.put_many({KEYS[1]: [2]})
        assert cache.get_many(KEYS[1:2]) == {KEYS[1]: [2]}
    assert len(told) == 2


def test_noise_anywhere_never_becomes_a_value(path: Path, told: list[str], opened: Callable[[], Cache]) -> None:
    values = {key: [number, "text " * 50] for number, key in enumerate(KEYS)}
    with opened() as cache:
        cache.put_many(values)
    sound = path.read_bytes()
    for place in range(0, len(sound), len(sound) // 60):
        path.write_bytes(sound[:place] + os.urandom(200) + sound[place + 200 :])
        with opened() as cache:
            found = cache.get_many(KEYS)
        assert all(values[key] == value for key, value in found.items())
    assert told != []


def test_a_value_under_another_key_is_none(path: Path, opened: Callable[[], Cache]) -> None:
    with opened() as cache:
        cache.put_many({KEYS[0]: [0], KEYS[1]: [1]})
    database = sqlite3.connect(path)
    database.execute("UPDATE kept SET value = (SELECT value FROM kept WHERE key = ?)", (KEYS[0],))
    database.commit()
    database.close()
    with opened() as cache:
        assert cache.get_many(KEYS) == {KEYS[0]: [0]}
        cache.put_many({KEYS[1]: [1]})
        assert cache.get_many(KEYS) == {KEYS[0]: [0], KEYS[1]: [1]}


def test_a_file_that_breaks_meanwhile_is_moved_aside(path: Path, told: list[str], opened: Callable[[], Cache]) -> None:
    path.parent.mkdir()
    fill(path)
    cache = opened()
    path.write_bytes(os.urandom(path.stat().st_size))
    assert cache.get_many(KEYS) == {}
    assert not cache.is_open
    assert [line.partition("moved aside")[1] for line in told] == ["moved aside"]
    assert os.listdir(path.parent) == [f"{NAME}.broken"]


def test_what_another_process_began_anew_stays(path: Path, told: list[str], opened: Callable[[], Cache]) -> None:
    path.parent.mkdir()
    fill(path)
    slow = opened()
    path.write_bytes(os.urandom(path.stat().st_size))
    with opened() as quick:
        assert quick.known(KEYS) == frozenset()
        quick.put_many({KEYS[0]: [1]})
    assert slow.get_many(KEYS) == {}
    with opened() as cache:
        assert cache.get_many(KEYS) == {KEYS[0]: [1]}
    assert len(told) == 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="all may be read and written by this user")
def test_read_only_folders_can_be_read_from(path: Path, told: list[str], opened: Callable[[], Cache]) -> None:
    path.parent.mkdir()
    fill(path)
    path.parent.chmod(0o500)
    path.chmod(0o400)
    try:
        with opened() as cache:
            assert cache.known(KEYS) == frozenset(KEYS)
            cache.put_many({b"more": [1]})
    finally:
        path.parent.chmod(0o700)
    assert told == []


# Others at work


def test_a_lock_that_is_held_is_not_waited_for(path: Path, told: list[str], opened: Callable[[], Cache]) -> None:
    path.parent.mkdir()
    fill(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    start = time.monotonic()
    with opened() as cache:
        assert cache.get_many(KEYS) == {}
        cache.put_many({KEYS[0]: [1]})
    assert time.monotonic() - start < 30
    holder.execute("ROLLBACK")
    holder.close()
    assert told == [f"the cache {path} cannot be used (database is locked): going on without it."]
    with opened() as cache:
        assert cache.known(KEYS) == frozenset(KEYS)


WRITE = """
import sys
from pathlib import Path
from taxonomy_tools.cache import Cache, cache_key
lane = int(sys.argv[2])
with Cache(Path(sys.argv[1]), print) as cache:
    for turn in range(20):
        keys = [cache_key("test", number) for number in range(turn * 50, turn * 50 + 50)]
        cache.put_many({key: [lane, turn] for key in keys})
        found = cache.get_many(keys)
        assert len(found) == 50 and all(value in ([0, turn], [1, turn]) for value in found.values()), found
"""


def test_two_write_at_once(path: Path, told: list[str], opened: Callable[[], Cache]) -> None:
    path.parent.mkdir()
    writers = [python(WRITE, path, str(lane)) for lane in (0, 1)]
    assert [(writer.communicate(), writer.returncode) for writer in writers] == [((b"", b""), 0)] * 2
    with opened() as cache:
        found = cache.get_many(KEYS)
    assert len(found) == 1_000
    assert {tuple(value) for value in found.values()} <= {(lane, turn) for lane in (0, 1) for turn in range(20)}
    assert told == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_a_writer_that_is_killed_breaks_nothing(path: Path, told: list[str], opened: Callable[[], Cache]) -> None:
    path.parent.mkdir()
    for turn in range(15):
        writer = python(WRITE.replace("range(20)", "range(20_000)").replace("[lane, turn]", "[1, turn]"), path, "1")
        while not path.exists() and writer.poll() is None:
            time.sleep(0.005)
        time.sleep(turn * 0.007)
        writer.kill()
        writer.communicate()
        with opened() as cache:
            found = cache.get_many(KEYS)
            assert all(value == [1, KEYS.index(key) // 50] for key, value in found.items())
    assert told == []


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit of file size here")
@pytest.mark.usefixtures("unmeasured")
def test_a_full_disk_is_done_without(path: Path, told: list[str], opened: Callable[[], Cache]) -> None:
    path.parent.mkdir()
    code = (
        "import os, resource, sys\n"
        "from pathlib import Path\n"
        "from taxonomy_tools.cache import Cache, cache_key\n"
        "with Cache(Path(sys.argv[1]), print) as cache:\n"
        "    cache.put_many({cache_key('test', 0): [0]})\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "    for turn in range(1, 100):\n"
        "        cache.put_many({cache_key('test', turn): [os.urandom(5_000).hex()]})\n"
        "    print(cache.get_many([cache_key('test', 0)]))\n"
    )
    writer = python(code, path)
    out, err = writer.communicate()
    assert (err, writer.returncode) == (b"", 0)
    first, second = out.decode().splitlines()
    assert first.startswith(f"the cache {path} cannot be written to (")
    assert second == str({KEYS[0]: [0]})
    with opened() as cache:
        assert cache.get_many(KEYS[:1]) == {KEYS[0]: [0]}
        cache.put_many({KEYS[1]: [1]})
        assert cache.get_many(KEYS[1:2]) == {KEYS[1]: [1]}
    assert told == []


# How large it grows


def test_it_is_bounded_and_forgets_what_is_not_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir()
    limit = 1_000_000
    now = 1_800_000_000
    for day in range(30):
        monkeypatch.setattr(time, "time", lambda day=day: now + day * 86_400)
        with Cache(path, limit=limit) as cache:
            if day == 0:
                cache.put_many({KEYS[0]: ["used every day"], KEYS[1]: ["used once"]})
            assert cache.get_many(KEYS[:1]) == {KEYS[0]: ["used every day"]}
            for turn in range(10):
                cache.put_many({cache_key("day", day, turn): [os.urandom(5_000).hex()]})
        assert path.stat().st_size <= limit
    with Cache(path, limit=limit) as cache:
        assert cache.get_many(KEYS[:2]) == {KEYS[0]: ["used every day"]}
        assert cache.known([cache_key("day", 29, turn) for turn in range(10)]) != frozenset()


def test_nothing_is_written_for_what_was_used_today(path: Path) -> None:
    path.parent.mkdir()
    fill(path)
    before = path.read_bytes()
    with Cache(path) as cache:
        assert len(cache.get_many(KEYS)) == len(KEYS)
    assert path.read_bytes() == before
