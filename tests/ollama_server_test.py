"""The server that stands in for Ollama gives what FACTS section 5 says of Ollama, to its own client and to httpx."""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import ollama
import pytest
from jsonschema import Draft202012Validator
from rapidfuzz.distance import LCSseq

from taxonomy_tools.generate import request as store
from taxonomy_tools.probe import look
from tests.command import run
from tests.ollama_server import (
    MAX_QUEUE,
    VERSION,
    Model,
    OllamaServer,
    Reply,
    ollama_process,
    pieces,
)
from tests.ollama_writer import Spoiled, Writer

DIGEST = "9c1185a5c5e9fc54612808977ee8f548b2258d31a8b4d1f3e9b1f2d3c4b5a697"
MODELS = (
    Model(name="teacher", digest=DIGEST, context_length=8192, gpu=0.5, size=1000),
    Model(name="embedder", capabilities=("embedding",), architecture="bert", context_length=512),
    Model(name="thinker", capabilities=("completion", "thinking")),
)
SCHEMA = {
    "type": "object",
    "properties": {"response": {"type": "string"}, "question": {"type": "string"}},
    "required": ["question", "response"],
    "additionalProperties": False,
}
MESSAGES = [
    {"role": "system", "content": "You write questions."},
    {"role": "user", "content": "The chickadee is a small bird that hides seeds and finds them again in winter."},
]
# No proxy for localhost; and certificates, which nothing here asks for, take a tenth of a second to read.
PLAIN: dict[str, Any] = {"trust_env": False, "verify": False}
ROOT = Path(__file__).parents[1]
BOTH = {"OLLAMA_HOST": "127.0.0.1:1", "TAXONOMY_TEST_MODEL": "any"}
COUNTS = {"total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"}


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(MODELS, registry=["student"]) as served:
        yield served


def body(**changes: Any) -> dict[str, Any]:
    """A chat; what is None is left out."""
    whole = {"model": "teacher", "messages": MESSAGES, "stream": False, "format": SCHEMA, "options": {"seed": 1}}
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def post(server: OllamaServer, path: str = "/api/chat", **changes: Any) -> httpx.Response:
    return httpx.post(server.url + path, json=body(**changes), timeout=10, **PLAIN)


def chat(server: OllamaServer, **changes: Any) -> Any:
    """The answer to a chat, as the client gives it."""

    async def ask(client: ollama.AsyncClient) -> Any:
        return await client.chat(**body(**changes))

    return with_client(server, ask)


def stream(server: OllamaServer, **changes: Any) -> Any:
    """The parts of a streamed chat."""

    async def ask(client: ollama.AsyncClient) -> list[dict[str, Any]]:
        parts = await client.chat(**body(stream=True, **changes))
        return [part.model_dump(exclude_none=True) async for part in parts]

    return with_client(server, ask)


def with_client(server: OllamaServer, ask: Callable[[ollama.AsyncClient], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        client = ollama.AsyncClient(server.url, timeout=10, **PLAIN)
        try:
            return await ask(client)
        finally:
            await client._client.aclose()

    return asyncio.run(run())


def content(answer: Any) -> dict[str, Any]:
    text = json.loads(answer["message"]["content"])
    assert isinstance(text, dict)
    return text


# What it says of itself.


def test_its_root_says_that_it_runs(server: OllamaServer) -> None:
    with httpx.Client(base_url=server.url, **PLAIN) as client:
        assert (client.get("/").status_code, client.get("/").text) == (200, "Ollama is running")
        assert (client.head("/").status_code, client.head("/").text) == (200, "")
        assert client.get("/api/version").json() == {"version": VERSION}
        assert (client.get("/api/nothing").status_code, client.get("/api/chat").status_code) == (404, 405)


def test_digests_are_among_the_tags_and_not_shown(server: OllamaServer) -> None:
    with httpx.Client(base_url=server.url, **PLAIN) as client:
        tags = client.get("/api/tags").json()["models"]
        shown = client.post("/api/show", json={"model": "teacher"}).json()
    assert [(tag["name"], len(tag["digest"])) for tag in tags] == [
        ("teacher:latest", 64),
        ("embedder:latest", 64),
        ("thinker:latest", 64),
    ]
    assert tags[0]["digest"] == DIGEST
    assert DIGEST not in json.dumps(shown)
    assert shown["capabilities"] == ["completion"]
    assert shown["model_info"]["llama.context_length"] == 8192


def test_the_client_reads_what_is_shown(server: OllamaServer) -> None:
    shown = with_client(server, lambda client: client.show("embedder"))
    assert shown.capabilities == ["embedding"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["bert.context_length"] == 512


def test_a_model_is_loaded_by_its_first_request_and_then_lists_its_memory(server: OllamaServer) -> None:
    assert look(server.url).model("teacher") is not None
    assert httpx.get(f"{server.url}/api/ps", **PLAIN).json() == {"models": []}
    post(server, options={"num_ctx": 2048})
    (loaded,) = httpx.get(f"{server.url}/api/ps", **PLAIN).json()["models"]
    assert {key: loaded[key] for key in ("name", "digest", "size", "size_vram", "context_length")} == {
        "name": "teacher:latest",
        "digest": DIGEST,
        "size": 1000,
        "size_vram": 500,
        "context_length": 2048,
    }
    model = look(server.url).model("teacher")
    assert model is not None
    assert model.gpu_share == 0.5


@pytest.mark.parametrize(
    ("path", "changes", "reason"),
    [
        pytest.param("/api/chat", {"messages": []}, "load", id="chat loads"),
        pytest.param("/api/chat", {"messages": [], "keep_alive": 0}, "unload", id="chat unloads"),
        pytest.param("/api/generate", {"messages": None}, "load", id="generate loads"),
        pytest.param("/api/generate", {"messages": None, "prompt": "Birds?"}, "stop", id="generate answers"),
    ],
)
def test_a_request_without_words_loads_the_model(
    server: OllamaServer, path: str, changes: dict[str, Any], reason: str
) -> None:
    answer = post(server, path, **changes).json()
    assert (answer["done"], answer["done_reason"]) == (True, reason)
    said = answer["response"] if path == "/api/generate" else answer["message"]["content"]
    assert bool(said) == (reason == "stop")
    loaded = httpx.get(f"{server.url}/api/ps", **PLAIN).json()["models"]
    assert len(loaded) == (0 if reason == "unload" else 1)


@pytest.mark.parametrize(
    ("keep_alive", "stays"),
    [
        pytest.param(0, False, id="0"),
        pytest.param("0s", False, id="0 seconds"),
        pytest.param(-1, True, id="for ever"),
        pytest.param("-1m", True, id="for ever, in minutes"),
        pytest.param("1h30m", True, id="hours"),
        pytest.param(None, True, id="five minutes"),
    ],
)
def test_how_long_a_model_is_kept(server: OllamaServer, keep_alive: object, stays: bool) -> None:
    post(server, keep_alive=keep_alive)
    assert bool(httpx.get(f"{server.url}/api/ps", **PLAIN).json()["models"]) == stays


def test_pulling_streams_its_progress_and_the_model_is_there(server: OllamaServer) -> None:
    async def pull(client: ollama.AsyncClient) -> list[tuple[str | None, int | None, int | None]]:
        return [(part.status, part.completed, part.total) async for part in await client.pull("student", stream=True)]

    progress = with_client(server, pull)
    assert [status for status, _, _ in progress if status and not status.startswith("pulling ")] == [
        "verifying sha256 digest",
        "writing manifest",
        "success",
    ]
    assert [completed for _, completed, total in progress if total] == [step * 800_000_000 for step in range(1, 6)]
    assert chat(server, model="student")["done"]


def test_a_pull_that_was_broken_off_goes_on(server: OllamaServer) -> None:
    server.fault(Reply(end="closed"), path="/api/pull")

    async def pull(client: ollama.AsyncClient) -> list[int]:
        return [part.completed async for part in await client.pull("student", stream=True) if part.completed]

    with pytest.raises(httpx.RemoteProtocolError):
        with_client(server, pull)
    assert with_client(server, pull) == [3_200_000_000, 4_000_000_000]


@pytest.mark.parametrize(
    ("streamed", "status"), [pytest.param(True, -1, id="streamed"), pytest.param(False, 500, id="not streamed")]
)
def test_what_no_registry_has_cannot_be_pulled(server: OllamaServer, streamed: bool, status: int) -> None:
    async def pull(client: ollama.AsyncClient) -> None:
        if streamed:
            async for _ in await client.pull("nobody", stream=True):
                pass
        else:
            await client.pull("nobody")

    with pytest.raises(ollama.ResponseError, match="pull model manifest: file does not exist") as caught:
        with_client(server, pull)
    assert caught.value.status_code == status


# The table.


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        pytest.param({"model": "x"}, 404, "model 'x' not found", id="unknown model"),
        pytest.param({"model": "teacher:7b"}, 404, "model 'teacher:7b' not found", id="unknown tag"),
        pytest.param({"model": ""}, 400, "model is required", id="no model"),
        pytest.param({"model": None}, 400, "model is required", id="no key of a model"),
        pytest.param({"model": "no name!"}, 400, "model is required", id="a bad name"),
        pytest.param(
            {"format": "xml"},
            500,
            r'invalid format: "\"xml\""; expected "json" or a valid JSON Schema object',
            id="unknown format",
        ),
        pytest.param(
            {"format": 3}, 500, 'invalid format: "3"; expected "json" or a valid JSON Schema object', id="no format"
        ),
        pytest.param({"format": {"type": "text"}}, 500, "invalid JSON schema in format", id="unknown type"),
        pytest.param(
            {"format": {"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}}},
            500,
            "invalid JSON schema in format",
            id="a reference to nothing",
        ),
        pytest.param(
            {"format": {"type": "array", "items": {"type": "string", "pattern": "a+"}}},
            500,
            "invalid JSON schema in format",
            id="a pattern that is not anchored",
        ),
        pytest.param(
            {"options": {"num_ctx": "big"}}, 500, 'option "num_ctx" must be of type integer', id="text for a number"
        ),
        pytest.param(
            {"options": {"temperature": True}}, 500, 'option "temperature" must be of type float32', id="no number"
        ),
        pytest.param({"think": True}, 400, '"teacher" does not support thinking', id="thinking"),
        pytest.param({"model": "embedder"}, 400, '"embedder" does not support chat', id="a model that only embeds"),
        pytest.param({"keep_alive": "long"}, 400, 'time: invalid duration "long"', id="no duration"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_what_is_refused(
    server: OllamaServer, changes: dict[str, Any], status: int, message: str, streamed: bool
) -> None:
    answer = post(server, **{"stream": streamed, **changes})
    assert (answer.status_code, answer.json()) == (status, {"error": message})


@pytest.mark.parametrize(("sent", "message"), [(b"", "missing request body"), (b"{", "invalid request body")])
def test_a_body_that_is_none(server: OllamaServer, sent: bytes, message: str) -> None:
    answer = httpx.post(f"{server.url}/api/chat", content=sent, **PLAIN)
    assert (answer.status_code, answer.json()) == (400, {"error": message})


def test_the_client_tells_an_error_with_its_status(server: OllamaServer) -> None:
    with pytest.raises(ollama.ResponseError) as caught:
        chat(server, model="x")
    assert (caught.value.status_code, caught.value.error) == (404, "model 'x' not found")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"options": {"unheard_of": "x"}}, id="an unknown option"),
        pytest.param({"options": {"num_ctx": 4096.0}}, id="a whole number with a point"),
        pytest.param({"think": False}, id="not thinking"),
        pytest.param({"format": {"$ref": "https://example.org/schema"}}, id="a remote reference"),
        pytest.param({"format": {"type": "string", "maxLength": 2000}}, id="the longest text"),
        pytest.param({"format": "json"}, id="any JSON"),
        pytest.param({"format": None}, id="text"),
        pytest.param({"format": ""}, id="text, said"),
        pytest.param({"model": "teacher:latest"}, id="a tag"),
    ],
)
def test_what_is_accepted(server: OllamaServer, changes: dict[str, Any]) -> None:
    answer = chat(server, **changes)
    assert (answer["done"], answer["done_reason"]) == (True, "stop")


@pytest.mark.parametrize(
    ("halve", "counted"), [pytest.param(False, 20, id="0.24"), pytest.param(True, 10, id="newer servers")]
)
def test_a_prompt_that_is_too_long_is_cut_without_a_word(halve: bool, counted: int) -> None:
    with OllamaServer(halve=halve) as server:
        answer = chat(server, options={"num_ctx": 20})
    assert (answer["done_reason"], answer["prompt_eval_count"]) == ("stop", counted)


def test_a_prompt_that_fits_is_counted(server: OllamaServer) -> None:
    words = sum(len(pieces(message["content"])) + 4 for message in MESSAGES)
    assert chat(server)["prompt_eval_count"] == words
    assert words < chat(server, options={"num_ctx": 10_000_000}, messages=[*MESSAGES, *MESSAGES])["prompt_eval_count"]


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_that_is_too_long_is_cut_inside_a_string(server: OllamaServer, streamed: bool) -> None:
    options = {"num_predict": 12, "seed": 1}
    parts = stream(server, options=options) if streamed else [chat(server, options=options).model_dump()]
    text = "".join(part["message"]["content"] for part in parts)
    assert chat(server, options={**options, "num_predict": -1})["message"]["content"] != text
    assert (parts[-1]["done"], parts[-1]["done_reason"], parts[-1]["eval_count"]) == (True, "length", 12)
    with pytest.raises(json.JSONDecodeError, match="Unterminated string"):
        json.loads(text)


@pytest.mark.parametrize("streamed", [False, True])
def test_thirty_equal_pieces_in_a_row_end_without_an_end(server: OllamaServer, streamed: bool) -> None:
    server.reply = lambda _body, _times: "Ha" + " ha" * 40
    parts = stream(server) if streamed else [post(server).json()]
    assert "".join(part["message"]["content"] for part in parts) == "Ha" + " ha" * 30
    assert parts[-1]["done"] is False
    assert set(parts[-1]) == {"model", "created_at", "message", "done"}


def test_twenty_nine_equal_pieces_are_an_answer(server: OllamaServer) -> None:
    server.reply = lambda _body, _times: "Ha" + " ha" * 29
    answer = chat(server)
    assert (answer["done"], answer["message"]["content"]) == (True, "Ha" + " ha" * 29)


def test_a_full_queue_refuses_while_a_model_loads_and_not_when_it_is_warm() -> None:
    with OllamaServer(max_queue=2, load=1, parallel=2) as server:

        async def ask(client: ollama.AsyncClient) -> list[tuple[int, str]]:
            async def one(seed: int) -> tuple[int, str]:
                try:
                    await client.chat(**body(options={"seed": seed}))
                except ollama.ResponseError as error:
                    return error.status_code, error.error
                return 200, ""

            return await asyncio.gather(*map(one, range(10)))

        cold = with_client(server, ask)
        warm = with_client(server, ask)
    busy = (503, "server busy, please try again.  maximum pending requests exceeded")
    assert (Counter(cold), Counter(warm)) == ({(200, ""): 3, busy: 7}, {(200, ""): 10})
    assert MAX_QUEUE == 512


@pytest.mark.parametrize("streamed", [False, True])
def test_a_server_that_stops_in_the_middle(server: OllamaServer, streamed: bool) -> None:
    server.fault(Reply(end="closed"))
    with pytest.raises(httpx.RemoteProtocolError):
        stream(server) if streamed else chat(server)
    assert chat(server)["done"]


def test_a_model_that_thinks_does_so_unless_told_not_to(server: OllamaServer) -> None:
    silent = chat(server, model="thinker", think=False)
    for answer in (chat(server, model="thinker"), chat(server, model="thinker", think=True)):
        assert answer["message"]["thinking"]
        assert answer["message"]["content"] == silent["message"]["content"]
        assert answer["eval_count"] > silent["eval_count"]
    assert silent["message"].thinking is None


def test_a_text_that_may_be_too_long_crashes_the_runner_for_everybody() -> None:
    with OllamaServer(delay=5, parallel=4) as server:

        async def ask(client: ollama.AsyncClient) -> list[Any]:
            fine = [asyncio.create_task(client.chat(**body(options={"seed": seed}))) for seed in range(2)]
            await asyncio.sleep(0.5)
            crash = client.chat(**body(format={"type": "string", "maxLength": 2001}))
            return await asyncio.gather(*fine, crash, return_exceptions=True)

        statuses = [getattr(error, "status_code", error) for error in with_client(server, ask)]
        assert statuses == [500, 500, 500]
        server.delay = 0
        assert chat(server)["done"]


# Times, and the queue.


def test_times_are_nanoseconds_and_what_is_left_is_the_queue() -> None:
    with OllamaServer(delay=0.2, load=0.4, parallel=1) as server:

        async def ask(client: ollama.AsyncClient) -> list[tuple[float, ...]]:
            async def one(seed: int) -> tuple[float, ...]:
                answer = await client.chat(**body(options={"seed": seed}))
                total, load, prompt, text = (
                    (answer[f"{name}_duration"] or 0) / 1e9 for name in ("total", "load", "prompt_eval", "eval")
                )
                return load, prompt + text, total - load - prompt - text

            return await asyncio.gather(*map(one, range(3)))

        cold, warm = sorted(with_client(server, ask)), with_client(server, ask)
    waiting = sorted(times[2] for times in cold)
    assert [times[:2] for times in cold] == [pytest.approx((0.4, 0.2), abs=0.15)] * 3
    assert waiting == pytest.approx([0, 0.2, 0.4], abs=0.15)
    assert [times[0] for times in warm] == pytest.approx([0, 0, 0], abs=0.15)


def test_zeros_are_left_out(server: OllamaServer) -> None:
    full = post(server).json()
    server.reply = lambda _body, _times: ""
    empty = post(server, messages=[{"role": "user", "content": ""}], format=None).json()
    assert set(full) - set(empty) == {"eval_count"}
    assert [name for name, value in empty.items() if value == 0 and value is not False] == []


def test_another_context_or_another_model_loads_again() -> None:
    with OllamaServer(MODELS, load=0.4) as server:

        def loading(**changes: Any) -> bool:
            return int(chat(server, **changes)["load_duration"]) > 0.3e9

        big = {"num_ctx": 8192}
        assert [loading(), loading(), loading(options=big), loading(options=big)] == [True, False, True, False]
        assert [loading(model="thinker"), loading(options=big)] == [True, True]


def test_slots_go_to_those_who_wait_in_the_order_they_came() -> None:
    with OllamaServer(delay=0.05, parallel=1) as server:
        ended: list[int] = []

        async def ask(client: ollama.AsyncClient) -> None:
            async def one(seed: int) -> None:
                await client.chat(**body(options={"seed": seed}))
                ended.append(seed)

            await asyncio.gather(*map(one, range(8)))

        with_client(server, ask)
        assert ended == [chat["options"]["seed"] for chat in server.chats()]


def test_as_many_are_answered_at_a_time_as_there_are_slots() -> None:
    with OllamaServer(delay=0.4, parallel=4) as server:

        async def ask(client: ollama.AsyncClient) -> float:
            start = time.monotonic()
            await asyncio.gather(*(client.chat(**body(options={"seed": seed})) for seed in range(8)))
            return time.monotonic() - start

        assert 0.8 <= with_client(server, ask) < 1.6
        assert server.peak == 8


def test_who_goes_away_gives_its_slot_up() -> None:
    with OllamaServer(parallel=1) as server:
        server.fault(Reply(end="hang"))
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/api/chat", json=body(), timeout=0.3, **PLAIN)
        assert chat(server, options={"seed": 2})["done"]
        assert [request.answered for request in server.requests] == [False, True]


def test_it_keeps_up_with_hundreds_of_requests_a_second() -> None:
    with OllamaServer(parallel=16, record=False) as server:

        async def ask() -> float:
            sent = json.dumps(body()).encode()
            head = f"POST /api/chat HTTP/1.1\r\nHost: x\r\nContent-Length: {len(sent)}\r\n\r\n".encode()

            async def one() -> None:
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                for _ in range(25):
                    writer.write(head + sent)
                    answer = await reader.readuntil(b"\r\n\r\n")
                    assert answer.startswith(b"HTTP/1.1 200")
                    await reader.readexactly(int(answer.lower().partition(b"content-length: ")[2].split()[0]))
                writer.close()
                await writer.wait_closed()

            start = time.monotonic()
            await asyncio.gather(*(one() for _ in range(16)))
            return 400 / (time.monotonic() - start)

        assert asyncio.run(ask()) > 100
        assert (list(server.counted().values()), server.requests) == ([400], [])


# Answers.


def test_streamed_or_not_an_answer_is_the_same(server: OllamaServer) -> None:
    parts = stream(server)
    whole = chat(server)
    assert "".join(part["message"]["content"] for part in parts) == whole["message"]["content"]
    assert [part["done"] for part in parts] == [*[False] * (len(parts) - 1), True]
    assert len(parts) == whole["eval_count"] + 1
    assert set(parts[-1]) == {"model", "created_at", "message", "done", "done_reason", *COUNTS}
    assert list(server.counted().values()) == [2]


def test_an_answer_depends_on_what_is_asked_and_on_nothing_else(server: OllamaServer) -> None:
    same: list[dict[str, Any]] = [{}, {"keep_alive": "1h"}, {"think": False}, {"model": "teacher:latest"}]
    others: list[dict[str, Any]] = [
        {"options": {"seed": 2}},
        {"messages": MESSAGES[1:]},
        {"model": "thinker", "think": False},
    ]
    assert len({chat(server, **changes)["message"]["content"] for changes in same}) == 1
    assert len({chat(server, **changes)["message"]["content"] for changes in [*same, *others]}) == 4
    assert sorted(server.counted().values()) == [1, 1, 1, 8]


def test_properties_come_in_alphabetical_order(server: OllamaServer) -> None:
    assert list(content(chat(server))) == ["question", "response"]


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"type": "integer", "minimum": 3, "maximum": 5}, id="integer"),
        pytest.param({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5}, id="integer between"),
        pytest.param({"type": "number", "minimum": 0, "maximum": 1}, id="number"),
        pytest.param({"enum": [1, "two", None]}, id="enum"),
        pytest.param({"const": "this"}, id="const"),
        pytest.param({"type": "boolean"}, id="boolean"),
        pytest.param({"type": "null"}, id="null"),
        pytest.param({"type": ["string", "null"]}, id="either type"),
        pytest.param({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, id="any of"),
        pytest.param({"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 4}, id="array"),
        pytest.param({"type": "string", "minLength": 5, "maxLength": 9}, id="text of a length"),
        pytest.param({"$ref": "#/$defs/one", "$defs": {"one": {"type": "integer"}}}, id="reference"),
        pytest.param(
            {
                "type": "object",
                "properties": {"reason": {"type": "string"}, "score": {"enum": [1, 2, 3, 4, 5]}},
                "required": ["reason", "score"],
                "additionalProperties": False,
            },
            id="a judge's",
        ),
    ],
)
def test_an_answer_fits_its_schema(server: OllamaServer, schema: dict[str, Any]) -> None:
    for seed in range(10):
        answer = json.loads(chat(server, format=schema, options={"seed": seed})["message"]["content"])
        assert list(Draft202012Validator(schema).iter_errors(answer)) == []


def rouge(one: str, other: str) -> float:
    """ROUGE-L, the F-measure over words."""
    words, others = one.lower().split(), other.lower().split()
    return 2 * LCSseq.similarity(words, others) / (len(words) + len(others))


def test_answers_from_different_seeds_are_clearly_different() -> None:
    answers = [json.loads(Writer(seed=str(seed), prompt=MESSAGES[1]["content"]).write(SCHEMA)) for seed in range(200)]
    for name in ("question", "response"):
        assert max(rouge(a[name], b[name]) for a, b in itertools.combinations(answers, 2)) < 0.5


@pytest.mark.parametrize("grounded", [False, True])
def test_most_of_a_response_is_in_its_context_and_its_question(grounded: bool) -> None:
    passage = " ".join(Writer(seed="passage", prompt="").write(None).split() * 3)
    prompt = f"Write a question about the passage.\n\n{passage}\n\nOne that differs."
    names = ["question", "response", *(["context"] if grounded else [])]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    for seed in range(50):
        answer = json.loads(Writer(seed=str(seed), prompt=prompt).write(schema))
        given = set(f"{answer.get('context', passage)} {answer['question']}".lower().replace(".", " ").split())
        words = answer["response"].lower().replace(".", " ").split()
        assert sum(word in given for word in words) / len(words) > 0.5


# Faults, and counts.


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        pytest.param(
            "refusal", "I'm sorry, but as an AI language model I cannot help with that request.", id="refusal"
        ),
        pytest.param("empty", "", id="empty"),
        pytest.param("repeated", "The river runs to the sea. " * 20, id="repeated"),
    ],
)
def test_answers_that_are_no_good(server: OllamaServer, spoil: Spoiled, expected: str) -> None:
    server.fault(Reply(spoil=spoil))
    assert content(chat(server)) == {"question": expected, "response": expected}
    assert content(chat(server)) != {"question": expected, "response": expected}


def test_an_answer_in_another_script(server: OllamaServer) -> None:
    server.fault(Reply(spoil="script"))
    assert not any("a" <= letter <= "z" for letter in content(chat(server))["question"])


def test_an_answer_that_is_no_json(server: OllamaServer) -> None:
    server.fault(Reply(spoil="invalid"))
    with pytest.raises(json.JSONDecodeError):
        content(chat(server))


def test_an_answer_that_loops(server: OllamaServer) -> None:
    server.fault(Reply(spoil="looping"))
    assert (chat(server)["done"], chat(server)["done"]) == (False, True)


@pytest.mark.parametrize(
    "prompt",
    [
        pytest.param("Question: Who sings?\nResponse: A bird.\n", id="labels"),
        pytest.param('{"question": "Who sings?", "response": "A bird."}', id="JSON"),
        pytest.param("<question>Who sings?</question><response>A bird.</response>", id="tags"),
    ],
)
def test_a_copy_of_what_the_prompt_shows(server: OllamaServer, prompt: str) -> None:
    server.fault(Reply(spoil="copy"))
    answer = content(chat(server, messages=[{"role": "user", "content": prompt}]))
    assert answer == {"question": "Who sings?", "response": "A bird."}


def test_the_same_answer_to_different_requests(server: OllamaServer) -> None:
    server.fault(Reply(spoil="same"), times=2)
    first, second, third = (content(chat(server, options={"seed": seed})) for seed in range(3))
    assert first == second != third


def test_a_script_answers_by_request_and_by_how_often_it_came(server: OllamaServer) -> None:
    def reply(asked: dict[str, Any], times: int) -> Reply | str | None:
        if asked["options"]["seed"] == 2:
            return None
        return Reply(status=503, error="server busy") if times == 0 else f"asked {times} times before"

    server.reply = reply
    assert post(server).status_code == 503
    assert chat(server)["message"]["content"] == "asked 1 times before"
    assert set(content(chat(server, options={"seed": 2}))) == {"question", "response"}


def test_what_a_script_raises_is_not_lost() -> None:
    def reply(asked: dict[str, Any], times: int) -> str:
        raise LookupError("no answer")

    with pytest.raises(LookupError, match="no answer"), OllamaServer(reply=reply) as server:
        assert post(server).json() == {"error": "LookupError('no answer')"}


def test_on_a_gpu_a_repeated_request_may_have_another_answer() -> None:
    with OllamaServer(drifting=True) as server:
        answers = [chat(server)["message"]["content"] for _ in range(3)]
    assert len(set(answers)) == 3


def test_faults_come_as_often_as_they_are_asked_for_and_where(server: OllamaServer) -> None:
    server.fault(Reply(status=503, error="busy"), times=2, after=1, where=lambda asked: asked["options"]["seed"] == 1)
    statuses = [post(server, options={"seed": seed}).status_code for seed in (1, 2, 1, 2, 1, 1)]
    assert statuses == [200, 200, 503, 200, 503, 200]
    server.fault(Reply(status=502), times=None)
    assert [post(server).status_code for _ in range(3)] == [502] * 3
    server.mend()
    assert post(server).status_code == 200


def test_an_error_in_the_middle_of_a_stream(server: OllamaServer) -> None:
    server.fault(Reply(error="out of memory"), times=2)
    with pytest.raises(ollama.ResponseError, match="out of memory") as caught:
        stream(server)
    assert caught.value.status_code == -1
    assert (post(server).status_code, post(server).status_code) == (500, 200)


def test_a_reset_is_no_orderly_end(server: OllamaServer) -> None:
    server.fault(Reply(end="reset"))
    with pytest.raises(httpx.ReadError):
        chat(server)


def test_an_answer_that_is_not_done_and_a_body_that_is_none(server: OllamaServer) -> None:
    server.fault(Reply(done=False))
    server.fault(Reply(raw="<html>"))
    answer = post(server).json()
    assert (answer["done"], set(answer) & COUNTS) == (False, set())
    assert post(server).text == "<html>"


def test_other_questions_fail_too(server: OllamaServer) -> None:
    for reply in (Reply(status=500, error="no"), Reply(raw="<html>"), Reply(end="closed"), Reply(delay=5)):
        server.fault(reply, path="/api/tags")
    url = f"{server.url}/api/tags"
    assert [httpx.get(url, **PLAIN).text for _ in range(2)] == ['{"error":"no"}', "<html>"]
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url, **PLAIN)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(url, **PLAIN, timeout=0.2)


def test_a_slow_answer(server: OllamaServer) -> None:
    server.fault(Reply(delay=0.3))
    assert chat(server)["total_duration"] >= 0.3e9
    assert chat(server)["total_duration"] < 0.3e9


def test_it_dies_and_comes_back_on_the_same_port(server: OllamaServer) -> None:
    url = server.url
    chat(server)
    server.fault(Reply(die=0.5))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        chat(server)
    with pytest.raises(ConnectionError):
        chat(server)
    time.sleep(0.8)
    assert (chat(server)["done"], server.url) == (True, url)
    assert sorted(server.counted(answered=True).values()) == [2]
    assert sorted(server.counted().values()) == [3]


def test_it_can_be_taken_down_and_up(server: OllamaServer) -> None:
    server.down()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, **PLAIN)
    server.have(Model(name="teacher", digest="0" * 64))
    server.up()
    assert chat(server)["done"]
    assert [model.digest for model in look(server.url).models] == ["0" * 64]
    server.down()


def test_a_chat_has_the_name_that_the_store_gives_it(server: OllamaServer) -> None:
    asked = store.Request(
        model="teacher",
        digest=DIGEST,
        messages=tuple(store.Message(**message) for message in MESSAGES),
        format=store.canonical(SCHEMA).decode(),
        options={"seed": 1, "temperature": 0.7},
    )
    chat(server, options=dict(asked.options))
    assert server.counted() == {asked.name: 1}
    assert server.counted(answered=True) == {asked.name: 1}
    assert [(request.path, request.name, request.answered) for request in server.requests] == [
        ("/api/chat", asked.name, True)
    ]
    assert server.chats() == [server.requests[0].body]
    server.forget()
    assert (server.counted(), server.chats()) == ({}, [])


def test_as_a_process_it_tells_what_it_was_asked() -> None:
    with ollama_process("--port", "0", "--model", "one", "--embedding", "two", "--parallel", "2") as process:
        assert [model.name for model in look(process.url).models] == ["one:latest", "two:latest"]
        process.forget()
        process.fault(Reply(status=503, error="busy"), contains="chickadee")
        statuses = [
            httpx.post(f"{process.url}/api/chat", json=body(model="one"), **PLAIN).status_code for _ in range(2)
        ]
        process.fault(Reply(status=500), times=None)
        process.mend()
        told = process.told()
    assert statuses == [503, 200]
    assert (list(told["asked"].values()), list(told["answered"].values()), told["peak"]) == ([2], [1], 1)
    assert [(one["path"], one["answered"], one["body"]["model"]) for one in told["requests"]] == [
        ("/api/chat", False, "one"),
        ("/api/chat", True, "one"),
    ]


def test_as_a_process_that_counts_only() -> None:
    with ollama_process("--counts-only") as process:
        for _ in range(3):
            httpx.post(f"{process.url}/api/chat", json=body(), **PLAIN).raise_for_status()
        assert (list(process.counted(answered=True).values()), process.told()["requests"]) == ([3], [])


@pytest.mark.parametrize(
    ("options", "environment", "outcome"),
    [
        pytest.param([], BOTH, "1 passed, 1 skipped", id="left out unless asked for"),
        pytest.param(["-m", "ollama"], {"OLLAMA_HOST": "x"}, "1 skipped, 1 deselected", id="skipped without a model"),
        pytest.param(["-m", "ollama"], BOTH, "1 passed, 1 deselected", id="run"),
    ],
)
def test_the_live_suite_runs_only_when_asked_for(
    tmp_path: Path, options: list[str], environment: dict[str, str], outcome: str
) -> None:
    suite = tmp_path / "live_test.py"
    suite.write_text(
        "import pytest\n\n@pytest.mark.ollama\ndef test_live():\n    pass\n\ndef test_other():\n    pass\n"
    )
    config: list[str | Path] = [
        "-c",
        ROOT / "pyproject.toml",
        "--rootdir",
        tmp_path,
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
    ]
    done = run("pytest", *config, *options, suite, cwd=tmp_path, env={"PYTHONPATH": str(ROOT), **environment})
    assert (done.status, f"{outcome} in " in done.out) == (0, True), done.out + done.err
    assert ("needs -m ollama, OLLAMA_HOST and TAXONOMY_TEST_MODEL" in done.out) == ("skipped" in outcome)
