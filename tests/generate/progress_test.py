"""What people see of a run: a line for each leaf that is finished, or bars where a terminal can draw them."""

import asyncio
import io
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from taxonomy_tools.generate.hosts import HostStatistics
from taxonomy_tools.generate.inputs import Inputs, Origin, Wanted, write
from taxonomy_tools.generate.progress import Display, Download, reasons, spelled
from taxonomy_tools.generate.run import Tally, Verdict
from taxonomy_tools.generate.sample import Reason, Rejection, Scores
from taxonomy_tools.generate.settings import Model, Settings
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, QuestionAnswer, SeedExample
from tests.generate.answers import answer, request

ESCAPES = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]")


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def screens(self) -> list[list[str]]:
        """What was drawn each time, as far as it was written out, without colours and columns."""
        parts = self.getvalue().split("\x1b[2K")
        return [
            [" ".join(line.split()) for line in ESCAPES.sub("", part).splitlines() if line.strip()] for part in parts
        ]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name, value in (("TERM", "xterm"), ("COLUMNS", "100"), ("LINES", "24")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


@pytest.fixture
def make_inputs(tmp_path: Path) -> Callable[..., Inputs]:
    def make(*paths: str, samples: int = 2) -> Inputs:
        seed = SeedExample(pairs=(QuestionAnswer(question="What?", answer="That."),))
        leaves = (
            LeafNode(
                path=path,
                kind=LeafKind.FREEFORM_SKILL,
                blob="",
                commit="",
                description="",
                domain="",
                created_by="",
                seed_examples=(seed,),
            )
            for path in paths
        )
        wanted = (Wanted(leaf=leaf, samples=samples) for leaf in leaves)
        return write(tmp_path, Settings(model=Model(name="m", digest="d")), Origin(), wanted)

    return make


def verdict(reason: Reason | None = None) -> Verdict:
    return Verdict(
        index=0,
        request="r",
        sample=None,
        rejection=None if reason is None else Rejection(reason=reason, detail=""),
        scores=Scores(),
        prompt_tokens=1,
        answer_tokens=1,
    )


def carry_out(display: Display, path: str, *reasons: Reason | None, wanted: int = 2, pending: int = 0) -> None:
    """A leaf from its first answer to its end."""
    display.opened(path, wanted)
    for reason in reasons:
        display.answered(path, 0, request(), answer(), stored=False)
        display.settled(path, verdict(reason))
    rejected = Counter(reason for reason in reasons if reason is not None)
    kept = sum(reason is None for reason in reasons)
    display.closed(Tally(path=path, wanted=wanted, kept=kept, rejected=rejected, pending=pending))


def test_a_line_for_each_leaf_where_nothing_can_be_drawn(make_inputs: Callable[..., Inputs]) -> None:
    stream = io.StringIO()
    with Display(stream, make_inputs("skills/a", "skills/b\x1b[2J"), header="One\nTwo", quiet=False) as display:
        carry_out(display, "skills/a", None, Reason.NEAR_COPY, Reason.NEAR_COPY, Reason.EMPTY, None)
        display.say("Warning: \x1b[31m")
        carry_out(display, "skills/b\x1b[2J", None, pending=1)
        display.finish()
    assert stream.getvalue() == (
        "One\n"
        "Two\n"
        "[1/2] skills/a: 2/2 kept, 3 rejected (2 near-copy, 1 empty)\n"
        "Warning: \\x1b[31m\n"
        "[2/2] skills/b\\x1b[2J: 1/2 kept, 1 not judged\n"
    )


def test_quiet_leaves_out_all_but_warnings(make_inputs: Callable[..., Inputs]) -> None:
    stream = io.StringIO()
    with Display(stream, make_inputs("skills/a"), header="One", quiet=True) as display:
        carry_out(display, "skills/a", None, None)
        display.say("Warning: hot")
    assert stream.getvalue() == "Warning: hot\n"


def test_terminal_that_knows_nothing_gets_lines(
    make_inputs: Callable[..., Inputs], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with Display(terminal, make_inputs("skills/a"), header="", quiet=False) as display:
        carry_out(display, "skills/a", None, None)
    assert terminal.getvalue() == "[1/1] skills/a: 2/2 kept\n"


def test_bars(make_inputs: Callable[..., Inputs], terminal: Terminal) -> None:
    path = "skills/a_rather_[red]long_path/that_has/many_folders/and_then/some_more/in_it"
    with Display(terminal, make_inputs(path, "skills/b"), header="One", quiet=False) as display:
        display.opened(path, 2)
        display.settled(path, verdict(Reason.UNSUPPORTED))
        display.settled(path, verdict())
        display.say("Warning: [bold]hot")
        display.finish()
        display.finish()
    screens = terminal.screens()
    assert screens[0][0] == "One"
    assert ["Warning: [bold]hot"] in [screen[:1] for screen in screens]
    assert screens[-1][1:] == ["0 of 2 leaves ━━━╺━━━━━━━━ 1/4"]
    assert re.fullmatch(r"skills/a_\S*…\S* \S+ 1/2 kept 1 rejected \(unsupported\)", screens[-1][0])
    assert terminal.getvalue().endswith("\x1b[?25h")


def test_of_many_leaves_some_are_shown(make_inputs: Callable[..., Inputs], terminal: Terminal) -> None:
    paths = [f"skills/leaf_{number:04}" for number in range(1000)]
    with Display(terminal, make_inputs(*paths), header="", quiet=False) as display:
        for path in paths[:-1]:
            carry_out(display, path, None, None)
        display.opened(paths[-1], 2)
    *rows, total = terminal.screens()[-1]
    assert [row.split()[0] for row in rows] == paths[-12:]
    assert total == "999 of 1000 leaves ━━━━━━━━━━━╸ 1998/2000"


def test_what_hosts_do(make_inputs: Callable[..., Inputs], terminal: Terminal) -> None:
    def told() -> tuple[HostStatistics, ...]:
        of = {"version": "1", "answers": 1, "tokens": 9, "slots": 4, "parallel": 4}
        return (
            HostStatistics(address="http://a", rate=60.4, in_flight=3, up=True, **of),  # type: ignore[arg-type]
            HostStatistics(address="http://b", rate=20.0, in_flight=1, up=False, **of),  # type: ignore[arg-type]
        )

    async def watch(display: Display) -> None:
        display.watch(told)
        display.opened("skills/a", 8)
        for _ in range(4):
            display.answered("skills/a", 0, request(), answer(), stored=False)
            await asyncio.sleep(0.3)
            display.settled("skills/a", verdict())
        await asyncio.sleep(0.6)

    with Display(terminal, make_inputs("skills/a", samples=8), header="", quiet=False) as display:
        asyncio.run(watch(display))
    lines = [line for screen in terminal.screens() for line in screen if "tokens/s" in line]
    assert re.fullmatch(
        r"0 of 1 leaf \S+ 4/8 80 tokens/s 4 in flight 1 of 2 hosts left out 0:00:0[12] left", lines[-1]
    ), lines[-1]


def test_nobody_looks_any_more(make_inputs: Callable[..., Inputs]) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with Display(Gone(), make_inputs("skills/a"), header="One", quiet=False) as display:
        carry_out(display, "skills/a", None, None)
        display.say("x")


def test_download_in_lines() -> None:
    stream = io.StringIO()
    with Download(stream) as download:
        download(0, 0, "pulling manifest")
        for part in range(0, 101, 4):
            download(part, 100, "pulling \x1bab")
        download(100, 100, "success")
    assert stream.getvalue() == (
        "pulling manifest\n"
        + "".join(f"pulling \\x1bab ({part} %)\n" for part in (0, 12, 20, 32, 40, 52, 60, 72, 80, 92, 100))
        + "success (100 %)\n"
    )


def test_download_on_a_terminal(terminal: Terminal) -> None:
    with Download(terminal) as download:
        download(0, 0, "pulling manifest")
        download(50, 100, "pulling [red]")
    assert re.match(r"pulling \[red\] \S+ 50/100 bytes", terminal.screens()[-1][0])
    with Download(terminal):
        pass


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00:00"), (61, "0:01:01"), (7322, "2:02:02")])
def test_spelled(seconds: float, text: str) -> None:
    assert spelled(seconds) == text


def test_reasons_come_by_their_number_and_then_by_their_name() -> None:
    rejected = Counter({Reason.EMPTY: 2, Reason.INVALID: 3, Reason.JUDGED: 3})
    assert reasons(Tally(path="", wanted=0, rejected=rejected)) == "3 invalid, 3 judged, 2 empty"
