"""Patches say what changed in the words of Git, and Git takes them."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy_tools.patch import patch
from tests.properties_test import repository
from tests.repository import Repo


def test_a_patch_reads_as_gits_own() -> None:
    before = b"".join(b"%d\n" % number for number in range(30))
    after = before.replace(b"\n3\n", b"\nthree\n").replace(b"\n20\n", b"\n").removesuffix(b"\n")
    assert patch(b"a b/x", b"a b/y", before, after) == (
        b"diff --git a/a b/x b/a b/y\n"
        b"rename from a b/x\n"
        b"rename to a b/y\n"
        b"--- a/a b/x\t\n"
        b"+++ b/a b/y\t\n"
        b"@@ -1,7 +1,7 @@\n 0\n 1\n 2\n-3\n+three\n 4\n 5\n 6\n"
        b"@@ -18,7 +18,6 @@\n 17\n 18\n 19\n-20\n 21\n 22\n 23\n"
        b"@@ -27,4 +26,4 @@\n 26\n 27\n 28\n-29\n+29\n\\ No newline at end of file\n"
    )


def test_nothing_is_no_patch() -> None:
    assert patch(b"a", b"a", b"x", b"x") == b""


NAMES = (b"a", b"a b", b'"q"', b"caf\xc3\xa9", b"\xff", b"tab\there", b"line\nend", b"-dash", b"back\\slash", b"*")
LINES = st.lists(
    st.sampled_from((b"one\n", b"two\n", b"\n", b"x \r\n", b"-- a\n", b"\\\n", b"\xff\n", b"...\n")), max_size=12
)
CONTENTS = st.builds(
    lambda lines, last: b"".join(lines) + last, LINES, st.sampled_from((b"", b"last", b"last\r", b" "))
)


@settings(max_examples=60, deadline=None)
@given(
    files=st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(("qna.yaml", "qna.yml")), CONTENTS, CONTENTS),
        min_size=1,
        max_size=3,
        unique_by=lambda file: file[0],
    )
)
def test_git_makes_of_the_one_what_the_other_is(files: list[tuple[bytes, str, bytes, bytes]]) -> None:
    with repository() as repo:
        parts = []
        for folder, name, before, after in files:
            repo.write(folder + b"/" + name.encode(), before)
            parts.append(patch(folder + b"/" + name.encode(), folder + b"/qna.yaml", before, after))
        if any(parts):
            repo.git("apply", "--whitespace=nowarn", "-", stdin=b"".join(parts))
        for folder, name, _, after in files:
            assert (repo.path / os.fsdecode(folder) / "qna.yaml").read_bytes() == after
            assert name == "qna.yaml" or not (repo.path / os.fsdecode(folder) / name).exists()


@pytest.mark.parametrize("autocrlf", ["true", "input", "false"])
def test_git_takes_patches_of_files_with_crlf(autocrlf: str, repo: Repo) -> None:
    repo.commit({"a": "one\ntwo\n"})
    repo.config(core__autocrlf=autocrlf)
    place: Path = repo.write("a", b"one\r\ntwo \r\n")
    repo.git("apply", "--whitespace=nowarn", "-", stdin=patch(b"a", b"a", b"one\r\ntwo \r\n", b"one\r\ntwo\r\n"))
    assert place.read_bytes() == b"one\r\ntwo\r\n"
