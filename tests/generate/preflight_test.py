"""What is found before anything is asked, and what is said when something is not as it should be."""

import asyncio
from collections.abc import Iterator

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate import settings
from taxonomy_tools.generate.ollama import Progress
from taxonomy_tools.generate.preflight import Ready, prepare
from taxonomy_tools.probe import look
from tests.ollama_server import Model, OllamaServer, Reply

DIGEST = "9c1185a5c5e9fc54612808977ee8f548b2258d31a8b4d1f3e9b1f2d3c4b5a697"
TEACHER = Model(name="teacher", digest=DIGEST, context_length=8192)
MODELS = (TEACHER, Model(name="judge:7b", digest="b" * 64), Model(name="embedder", capabilities=("embedding",)))
FOUND = settings.Model(name="teacher", digest=DIGEST, context_length=8192)


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(MODELS, registry=["student"]) as served:
        yield served


def ready(*hosts: str, model: str = "teacher", judge: str | None = None, pull: Progress | None = None) -> Ready:
    return asyncio.run(prepare(hosts, model, judge=judge, pull=pull))


def refusal(*hosts: str, model: str = "teacher", judge: str | None = None) -> tuple[str, list[tuple[str, str]]]:
    with pytest.raises(TaxonomyError) as caught:
        ready(*hosts, model=model, judge=judge)
    return caught.value.message, [(remedy.label, remedy.command) for remedy in caught.value.remedies]


def test_server_that_is_ready(server: OllamaServer) -> None:
    assert ready(server.url) == Ready(servers=(look(server.url),), model=FOUND, judge=None, warnings=())


def test_judge_is_looked_at_like_the_model(server: OllamaServer) -> None:
    found = ready(server.url, judge="judge:7b").judge
    assert found == settings.Model(name="judge:7b", digest="b" * 64, context_length=131_072)
    assert ready(server.url, judge="teacher").judge == FOUND
    assert refusal(server.url, judge="judge")[0].startswith(f"{server.url} has no model `judge`, ")


def test_server_that_is_named_twice_is_one(server: OllamaServer) -> None:
    assert len(ready(server.url, server.url.removeprefix("http://")).servers) == 1


def test_several_servers(server: OllamaServer) -> None:
    with OllamaServer([TEACHER]) as other:
        assert ready(server.url, other.url) == Ready(
            servers=(look(server.url), look(other.url)), model=FOUND, judge=None, warnings=()
        )


def test_no_server_is_named() -> None:
    assert refusal() == ("no Ollama server is named.", [("Name one:", "--host http://127.0.0.1:11434")])


def test_no_server_answers(server: OllamaServer) -> None:
    server.down()
    assert refusal(server.url) == (
        f"no Ollama server answers at {server.url}: All connection attempts failed.",
        [("Start it:", "ollama serve")],
    )


def test_none_of_several_answers(server: OllamaServer) -> None:
    server.down()
    each = "no Ollama server answers at {}: All connection attempts failed."
    assert refusal(server.url, "http://127.0.0.1:1")[0] == (
        f"none of 2 Ollama servers answers. {each.format(server.url)} {each.format('http://127.0.0.1:1')}"
    )


def test_one_that_does_not_answer_is_a_warning(server: OllamaServer) -> None:
    found = ready("http://127.0.0.1:1", server.url)
    assert (found.servers, found.warnings) == (
        (look(server.url),),
        (
            (
                "no Ollama server answers at http://127.0.0.1:1: All connection attempts failed; "
                "it is left out until it answers."
            ),
        ),
    )


@pytest.mark.parametrize(
    ("model", "meant"),
    [
        pytest.param("teachr", " Did you mean `teacher`?", id="a slip"),
        pytest.param("llama3", "", id="nothing like it"),
        pytest.param("x" * 9999, "", id="a long name"),
    ],
)
def test_model_that_is_missing(server: OllamaServer, model: str, meant: str) -> None:
    assert refusal(server.url, model=model) == (
        f"{server.url} has no model `{model}`, it has `embedder:latest`, `judge:7b`, `teacher:latest`.{meant}",
        [("Download it:", f"ollama pull {model}"), ("Or give --pull.", "")],
    )


def test_no_models_and_many() -> None:
    with OllamaServer([]) as server:
        assert refusal(server.url)[0] == f"{server.url} has no model `teacher`, it has no model at all."
    with OllamaServer([f"m{number:02}" for number in range(25)]) as server:
        message, _ = refusal(server.url)
    assert message.endswith("`m18:latest`, `m19:latest` and 5 more.")


def test_model_is_downloaded(server: OllamaServer) -> None:
    told: list[tuple[int, int, str]] = []
    found = ready(server.url, model="student", pull=lambda *what: told.append(what))
    assert (found.model.name, told[-1]) == ("student", (4_000_000_000, 4_000_000_000, "success"))


def test_model_that_is_there_is_not_downloaded(server: OllamaServer) -> None:
    ready(server.url, pull=lambda *_: None)
    assert "/api/pull" not in {request.path for request in server.requests}


def test_two_models_of_one_name(server: OllamaServer) -> None:
    with OllamaServer([Model(name="teacher", digest="a" * 64)]) as other:
        message, remedies = refusal(server.url, other.url)
    assert message == (
        f"`teacher` is not the same model on all servers: 9c1185a5c5e9 at {server.url}, aaaaaaaaaaaa at {other.url}."
    )
    assert remedies == [
        ("Bring them to the same state, on each:", "ollama pull teacher"),
        ("Or name only the servers on which it is the same.", ""),
    ]


def test_model_that_only_embeds(server: OllamaServer) -> None:
    assert refusal(server.url, model="embedder") == (
        f"`embedder` at {server.url} writes no text, it can only do this: embedding.",
        [("Take another that is there: `judge:7b`, `teacher:latest`.", "")],
    )


def test_model_that_only_embeds_is_the_only_one() -> None:
    with OllamaServer([MODELS[2]]) as server:
        assert refusal(server.url, model="embedder")[1] == [("Get a model that writes:", "ollama pull NAME")]


@pytest.mark.parametrize(
    ("raw", "length"),
    [
        pytest.param("{}", 0, id="nothing is told"),
        pytest.param('{"model_info": [], "capabilities": 3}', 0, id="of other types"),
        pytest.param('{"model_info": {"x.context_length": 99}}', 99, id="without an architecture"),
        pytest.param('{"model_info": {"x.context_length": -1}}', 0, id="below zero"),
        pytest.param('{"model_info": {"x.context_length": "many"}}', 0, id="in words"),
    ],
)
def test_context_length_of_other_servers(server: OllamaServer, raw: str, length: int) -> None:
    server.fault(Reply(raw=raw), path="/api/show")
    assert ready(server.url).model.context_length == length


def test_smallest_context_counts(server: OllamaServer) -> None:
    with OllamaServer([TEACHER]) as other:
        server.fault(Reply(raw='{"model_info": {"x.context_length": 99}}'), path="/api/show")
        assert ready(server.url, other.url).model.context_length == 99


def test_model_that_is_partly_on_the_processor() -> None:
    with OllamaServer([Model(name="teacher", digest=DIGEST, context_length=8192, gpu=0.25)]) as server:
        ps = (
            '{"models":[{"name":"teacher:latest","digest":"' + DIGEST + '","size":1000,"size_vram":250}]}'
        )  # it is only known of a model that is loaded
        server.fault(Reply(raw=ps), path="/api/ps")
        assert ready(server.url).warnings == (
            f"only 25% of `teacher` is on the GPU at {server.url}: the rest is slow.",
        )


def test_server_elsewhere_without_encryption(server: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taxonomy_tools.probe._LOOPBACK", ())
    host = server.url.replace("127.0.0.1", "localhost")
    assert ready(host).warnings == (
        f"seed examples go to {host} unencrypted, and whoever reaches that server can use it.",
    )
    assert refusal(host, model="it's")[1][0] == ("Download it:", f"OLLAMA_HOST={host} ollama pull 'it'\"'\"'s'")


def test_wrong_address_shows_no_password() -> None:
    assert refusal("http://me:secret@[x")[0].startswith("`http://[x` is no address of an Ollama server: ")
