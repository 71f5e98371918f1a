"""Ollama's answers become answers; its errors become what passes and what does not."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.backend import Refused, Unanswerable
from taxonomy_tools.generate.ollama import ModelGone, Ollama, Passing, Trouble
from taxonomy_tools.generate.request import Answer, Durations
from tests.generate.answers import request
from tests.ollama_server import Model, OllamaServer, Reply

GONE = "Server disconnected without sending a response"
STRANGE = "its answer is none of Ollama's"
MODELS = (Model(name="tiny"), Model(name="embedder", capabilities=("embedding",)))
T = TypeVar("T")


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(MODELS, registry=["student"]) as served:
        yield served


def with_client(host: str, act: Callable[[Ollama], Awaitable[T]], *, seconds: float = 20.0) -> T:
    async def go() -> T:
        async with Ollama(host, seconds=seconds) as client:
            return await act(client)

    return asyncio.run(go())


def chat(host: str, *, seconds: float = 20.0, **changes: object) -> Answer:
    return with_client(host, lambda client: client.chat(request(**changes), version="0.24.0"), seconds=seconds)  # type: ignore[arg-type]


def test_answer_is_the_servers(server: OllamaServer) -> None:
    server.fault(Reply(content='{"a": "b"}'))
    answer = chat(server.url)
    assert replace(answer, durations=Durations()) == Answer(
        content='{"a": "b"}',
        done=True,
        done_reason="stop",
        prompt_tokens=7,
        answer_tokens=9,
        server="0.24.0",
    )
    assert answer.durations.total > 0


def test_everything_of_a_request_is_sent_and_nothing_else(server: OllamaServer) -> None:
    chat(server.url)
    assert server.chats() == [
        {
            "model": "tiny",
            "stream": False,
            "options": {"seed": 0, "temperature": 0.7},
            "format": {"type": "object"},
            "messages": [{"role": "user", "content": "number 0"}],
            "tools": [],
            "keep_alive": "30m",
            "think": False,
        }
    ]


def test_answer_without_an_end_is_told_as_such(server: OllamaServer) -> None:
    server.fault(Reply(content="so far", done=False))
    answer = chat(server.url)
    assert (answer.content, answer.done, answer.done_reason, answer.answer_tokens) == ("so far", False, "", 0)


def body(**changes: object) -> str:
    whole = {"model": "tiny", "message": {"role": "assistant", "content": "x"}, "done": True}
    return json.dumps({**whole, **changes})


@pytest.mark.parametrize(
    ("reply", "trouble", "reason"),
    [
        pytest.param(Reply(status=503, error="server busy"), Trouble.AWAY, "503 server busy", id="full"),
        pytest.param(Reply(status=502, error="bad gateway"), Trouble.AWAY, "502 bad gateway", id="proxy"),
        pytest.param(Reply(status=429, error="slow down"), Trouble.AWAY, "429 slow down", id="too many"),
        pytest.param(Reply(status=500, error="out of memory."), Trouble.FAILED, "500 out of memory", id="its own"),
        pytest.param(Reply(status=500, error="x" * 999), Trouble.FAILED, f"500 {'x' * 300}...", id="long error is cut"),
        pytest.param(Reply(end="closed"), Trouble.BROKEN, GONE, id="closed"),
        pytest.param(Reply(end="hang"), Trouble.BROKEN, "no answer within 0.5 seconds", id="hangs"),
        pytest.param(Reply(raw="<html>"), Trouble.FAILED, STRANGE, id="no JSON"),
        pytest.param(Reply(raw="[1]"), Trouble.FAILED, STRANGE, id="a list"),
        pytest.param(Reply(raw="{}"), Trouble.FAILED, STRANGE, id="nothing in it"),
        pytest.param(Reply(raw="[" * 100_000), Trouble.FAILED, STRANGE, id="deep"),
        pytest.param(Reply(raw=body(message="x")), Trouble.FAILED, STRANGE, id="no message"),
        pytest.param(Reply(raw=body(eval_count=-1)), Trouble.FAILED, STRANGE, id="below zero"),
        pytest.param(
            Reply(raw=body(total_duration=1 << 70)),
            Trouble.FAILED,
            STRANGE,
            id="a huge number",
        ),
        pytest.param(Reply(raw=" " * (9 << 20)), Trouble.FAILED, "its answer does not end", id="endless"),
    ],
)
def test_what_may_pass(server: OllamaServer, reply: Reply, trouble: Trouble, reason: str) -> None:
    server.fault(reply)
    with pytest.raises(Passing) as caught:
        chat(server.url, seconds=0.5 if reply.end == "hang" else 20)
    assert (caught.value.trouble, caught.value.reason) == (trouble, reason)


def test_reset_connection_may_pass(server: OllamaServer) -> None:
    server.fault(Reply(end="reset"))
    with pytest.raises(Passing) as caught:
        chat(server.url)
    assert caught.value.trouble is Trouble.BROKEN


def test_nobody_there_may_pass(server: OllamaServer) -> None:
    server.down()
    with pytest.raises(Passing) as caught:
        chat(server.url)
    assert (caught.value.trouble, caught.value.reason) == (Trouble.AWAY, "it cannot be connected to")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"model": "embedder"}, 'refuses the request: 400 "embedder" does not support chat.', id="model only embeds"
        ),
        pytest.param(
            {"format": '{"type":"nothing"}'}, "refuses the request: 500 invalid JSON schema in format.", id="schema"
        ),
        pytest.param(
            {"options": {"temperature": "hot"}},
            'refuses the request: 500 option "temperature" must be of type float32.',
            id="option",
        ),
    ],
)
def test_what_does_not_pass_is_refused(server: OllamaServer, changes: dict[str, Any], message: str) -> None:
    # What one request is told by 400 need not hold for the next; the format and the options are those of all.
    with pytest.raises(Unanswerable if "model" in changes else Refused) as caught:
        chat(server.url, **changes)
    assert caught.value.message == f"the server at {server.url} {message}"


def test_what_the_client_does_not_send_is_refused(server: OllamaServer) -> None:
    with pytest.raises(Unanswerable, match=r"^Ollama's client does not send this request: "):
        chat(server.url, format='"xml"')
    assert server.chats() == []


def test_redirect_is_not_followed(server: OllamaServer) -> None:
    server.fault(Reply(status=307, error="elsewhere"))
    with pytest.raises(Unanswerable, match="refuses the request: 307 elsewhere"):
        chat(server.url)


def test_model_that_is_gone_is_named(server: OllamaServer) -> None:
    with pytest.raises(ModelGone) as caught:
        chat(server.url, model="other")
    assert caught.value.message == f"the server at {server.url} has no model `other`: model 'other' not found."
    assert [remedy.command for remedy in caught.value.remedies] == ["ollama pull other"]


@pytest.mark.parametrize("status", [401, 403])
def test_password_is_asked_for_and_never_shown(server: OllamaServer, status: int) -> None:
    server.fault(Reply(status=status, error="who are you?"))
    server.fault(Reply(status=status, error="who are you?"), path="/api/version")
    host = server.url.replace("//", "//me:secret@")
    with pytest.raises(Refused) as caught:
        chat(host)
    with pytest.raises(Refused) as looked:
        with_client(host, lambda client: client.look())
    assert {caught.value.message, looked.value.message} == {
        f"the server at {server.url} lets nobody in without a name and a password ({status})."
    }


def sent_head(monkeypatch: pytest.MonkeyPatch, user: str = "", **environ: str) -> bytes:
    """What a server is sent before the body, by a client with these variables."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    async def go() -> bytes:
        heads: asyncio.Queue[bytes] = asyncio.Queue()

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.put_nowait(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")
            writer.close()
            await writer.wait_closed()

        listener = await asyncio.start_server(take, "127.0.0.1", 0)
        async with listener, Ollama(f"{user}127.0.0.1:{listener.sockets[0].getsockname()[1]}") as client:
            with pytest.raises(Passing, match="its answer is compressed"):
                await client.chat(request(), version="0")
            return await heads.get()

    return asyncio.run(go())


def test_key_for_the_cloud_does_not_travel_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    head = sent_head(monkeypatch, OLLAMA_API_KEY="secret", HTTP_PROXY="http://127.0.0.1:1")
    assert b"secret" not in head
    assert b"accept-encoding: identity\r\n" in head.lower()


def test_name_and_password_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert b"authorization: basic bWU6c2VjcmV0\r\n" in sent_head(monkeypatch, "http://me:secret@").replace(
        b"Authorization: Basic", b"authorization: basic"
    )


def test_look_says_what_the_server_is(server: OllamaServer) -> None:
    found = with_client(server.url, lambda client: client.look())
    assert (found.address, found.version, [model.name for model in found.models], found.local) == (
        server.url,
        "0.24.0",
        ["tiny:latest", "embedder:latest"],
        True,
    )


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        pytest.param(Reply(status=500), "it answers /api/version with 500", id="an error"),
        pytest.param(Reply(raw="<html>"), "its answer to /api/version is no JSON", id="no JSON"),
        pytest.param(Reply(raw="[]"), "its answer to /api/version is no JSON object", id="a list"),
        pytest.param(Reply(raw="{}"), "it does not tell its version", id="nothing in it"),
        pytest.param(Reply(raw=" " * (9 << 20)), "it answers /api/version, but its answer does not end", id="endless"),
    ],
)
def test_look_at_what_is_no_server(server: OllamaServer, reply: Reply, message: str) -> None:
    server.fault(reply, path="/api/version")
    with pytest.raises(TaxonomyError) as caught:
        with_client(server.url, lambda client: client.look())
    assert caught.value.message == f"what answers at {server.url} is no Ollama server: {message}."


def test_look_at_nothing(server: OllamaServer) -> None:
    server.down()
    with pytest.raises(TaxonomyError, match=f"^no Ollama server answers at {server.url}: "):
        with_client(server.url, lambda client: client.look())


def test_look_does_not_wait_for_ever(server: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taxonomy_tools.generate.ollama.LOOK_SECONDS", 0.2)
    server.fault(Reply(end="hang"), path="/api/version")
    with pytest.raises(TaxonomyError, match=r"no answer within 0\.2 seconds"):
        with_client(server.url, lambda client: client.look())


def pull(server: OllamaServer, model: str) -> list[tuple[int, int, str]]:
    told: list[tuple[int, int, str]] = []
    with_client(server.url, lambda client: client.pull(model, lambda *what: told.append(what)))
    return told


def test_pull_tells_how_it_goes_on(server: OllamaServer) -> None:
    told = pull(server, "student")
    size = 4_000_000_000
    assert [completed for completed, _, status in told if status.startswith("pulling ") and completed] == [
        size * step // 5 for step in range(1, 6)
    ]
    assert told[0] == (0, 0, "pulling manifest")
    assert told[-1] == (size, size, "success")


def test_pull_of_nothing(server: OllamaServer) -> None:
    with pytest.raises(TaxonomyError) as caught:
        pull(server, "nothing")
    told = "pull model manifest: file does not exist"
    assert caught.value.message == f"`nothing` cannot be pulled at {server.url}: {told}."


def test_pull_that_breaks_off_goes_on(server: OllamaServer) -> None:
    server.fault(Reply(end="closed"), path="/api/pull")
    with pytest.raises(TaxonomyError, match=f"^pulling `student` at {server.url} broke off: "):
        pull(server, "student")
    assert [completed for completed, _, _ in pull(server, "student")][1] == 4_000_000_000 * 4 // 5


@pytest.mark.parametrize(
    "raw",
    [pytest.param("nonsense", id="no JSON"), pytest.param("[]", id="a list")],
)
def test_pull_from_what_is_no_server(server: OllamaServer, raw: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{raw}\n".encode())
        writer.close()
        await writer.wait_closed()

    async def go() -> None:
        listener = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with listener, Ollama(f"127.0.0.1:{listener.sockets[0].getsockname()[1]}") as client:
            await client.pull("student", lambda *_: None)

    with pytest.raises(TaxonomyError, match="its answer to /api/pull is none of Ollama's"):
        asyncio.run(go())


def test_secret_of_an_address_is_not_in_an_error() -> None:
    with pytest.raises(TaxonomyError) as caught:
        Ollama("me:secret@ho%st")
    assert "secret" not in caught.value.message
