"""Which lines of a commit message are a sign-off of a person: what GitHub's DCO app takes for one."""

import shlex
import subprocess
import sys
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.signoff import is_bot, is_same, signed_off, trailer_option

ADA = ("Ada Contributor", "ada@example.org")
LINE = "Signed-off-by: Ada Contributor <ada@example.org>"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(f"Add rhymes\n\n{LINE}\n", id="as Git writes it"),
        pytest.param(f"Add rhymes\n\n{LINE}", id="without a line end"),
        pytest.param(f"Add rhymes\r\n\r\n{LINE}\r\n", id="CRLF"),
        pytest.param("Add rhymes\n\nSIGNED-OFF-BY: ada contributor <ADA@Example.org>\n", id="in another case"),
        pytest.param(f"Add rhymes\n\n{LINE}\nSigned-off-by: Bo <bo@example.org>\n", id="with another one's after it"),
        pytest.param(f"Add rhymes\n{LINE}\n\nMore words.\n", id="in the middle"),
        pytest.param(f"{LINE}\n", id="nothing else"),
        pytest.param(f"Add rhymes\n\n{LINE} \t\n", id="space after it"),
        pytest.param("Add rhymes\n\nSigned-off-by: Ada  Contributor  <ada@example.org>\n", id="spaces within"),
    ],
)
def test_signed_off(message: str) -> None:
    assert signed_off(message, *ADA)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("Add rhymes\n", id="nothing"),
        pytest.param("", id="an empty message"),
        pytest.param(f"Add rhymes {LINE}\n", id="within a line"),
        pytest.param(f"Add rhymes\n\n> {LINE}\n", id="a quotation"),
        pytest.param(f"Add rhymes\n\n  {LINE}\n", id="indented"),
        pytest.param("Add rhymes\n\nCo-authored-by: Ada Contributor <ada@example.org>\n", id="an author"),
        pytest.param("Add rhymes\n\nSigned-off-by: Bo <bo@example.org>\n", id="somebody else"),
        pytest.param("Add rhymes\n\nSigned-off-by: Bo <ada@example.org>\n", id="another name"),
        pytest.param("Add rhymes\n\nSigned-off-by: Ada Contributor <ada@example.com>\n", id="another address"),
        pytest.param("Add rhymes\n\nSigned-off-by: Ada Contributor\n", id="no address"),
        pytest.param("Add rhymes\n\nSigned-off-by: <ada@example.org>\n", id="no name"),
        pytest.param("Add rhymes\n\nSigned-off-by:Ada Contributor <ada@example.org>\n", id="no space"),
        pytest.param(f"Add rhymes\n\n{LINE} <bo@example.org>\n", id="two addresses"),
        pytest.param(f"Add rhymes\n\nSigned-off-by: {'x' * 2_000_000}\n", id="a very long line"),
    ],
)
def test_not_signed_off(message: str) -> None:
    assert not signed_off(message, *ADA)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        pytest.param("José", "Signed-off-by: Jose\u0301 <j@example.org>", id="letters composed in another way"),
        pytest.param("STRASSE", "Signed-off-by: Straße <j@example.org>", id="no case"),
        pytest.param("\udcff", "Signed-off-by: \udcff <j@example.org>", id="bytes that are no text"),
        pytest.param("", "Signed-off-by:  <j@example.org>", id="no name"),
    ],
)
def test_names(name: str, line: str) -> None:
    assert signed_off(f"a\n\n{line}", name, "j@example.org")


@given(st.text(), st.text(max_size=99), st.text(max_size=99))
def test_no_message_is_too_odd(message: str, name: str, email: str) -> None:
    line = f"Signed-off-by: {name} <{email}>"
    assert signed_off(f"{message}\n{line}", name, email) or "\n" in line
    signed_off(message, name, email)


def test_hostile_messages_take_no_time() -> None:
    start = perf_counter()
    assert not signed_off("Signed-off-by: " + " <" * 2_000_000, *ADA)
    assert not signed_off("Signed-off-by: a <a>\n" * 200_000, *ADA)
    assert perf_counter() - start < 20


@pytest.mark.parametrize(
    ("name", "email", "expected"),
    [
        pytest.param("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com", True, id="an app"),
        pytest.param("ci[bot]", "ci[bot]@users.noreply.github.com", True, id="an app without a number"),
        pytest.param("dependabot[bot]", "eve@example.org", False, id="its name alone"),
        pytest.param("dependabot[bot]", "", False, id="no address"),
        pytest.param("evil[bot]", "1+dependabot[bot]@users.noreply.github.com", False, id="another app's address"),
        pytest.param("evil[bot]", "x+evil[bot]@users.noreply.github.com", False, id="no number"),
        pytest.param("evil[bot]", "evil[bot]@users.noreply.github.com.example.org", False, id="another host"),
        pytest.param("evil[bot]", "evil[bot]", False, id="no host"),
        pytest.param("Ada", "583231+Ada@users.noreply.github.com", False, id="a user"),
        pytest.param("[bot] Ada", "1+[bot] Ada@users.noreply.github.com", False, id="not at the end"),
    ],
)
def test_bots(name: str, email: str, expected: bool) -> None:
    assert is_bot(name, email) is expected


@given(st.text(), st.text())
def test_the_option_is_one_word_to_a_shell(name: str, email: str) -> None:
    words = shlex.split(trailer_option(name, email))
    assert words == ["--trailer", f"Signed-off-by: {name} <{email}>"]
    assert signed_off(words[1], name, email) or "\n" in name + email


def test_persons_are_compared_as_sign_offs_are() -> None:
    assert is_same(ADA, ("ADA  contributor", "Ada@Example.org"))
    assert not is_same(ADA, ("Ada Contributor", "ada@example.com"))


def test_is_imported_without_anything_heavy() -> None:
    code = "import sys, taxonomy_tools.signoff; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    started = subprocess.run([sys.executable, "-P", "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    assert {"git", "yaml", "click", "jsonschema"}.isdisjoint(started.stdout.split())
