"""What an Ollama server says of itself: its version, its models, and where those that are loaded lie.

Nothing is generated here, and nothing waits: a server that is well answers these questions in milliseconds. Whatever
comes back is somebody else's: it is read up to a limit, and no type in it is taken for granted.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taxonomy_tools.errors import Remedy, TaxonomyError

if TYPE_CHECKING:
    import httpx

DEFAULT_PORT = 11434
SECONDS = 3.0
"""How long a server may take for one answer, all of it."""
QUESTIONS = ("version", "ps", "tags")
_MAX_BYTES = 8 << 20
_LONGEST = 64
"""Characters of a version, which is stored with each answer."""
_SECRET = re.compile(r"(?<=//)[^/]*@|^[^/]*@")
_DEFAULT_TAG = "latest"
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a server listens on is no address to call
_LOOPBACK = ("localhost", "::1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model that a server has. `size` and `on_gpu` are in bytes, of one that is loaded; else None."""

    name: str
    digest: str
    size: int | None = None
    on_gpu: int | None = None

    @property
    def gpu_share(self) -> float | None:
        """Which part of it is on the GPU, from 0 to 1; None of one that is not loaded."""
        return None if not self.size or self.on_gpu is None else min(1.0, max(0.0, self.on_gpu / self.size))


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A server that answers. `address` is without what may be secret in it, `local` says that it is this machine."""

    address: str
    version: str
    models: tuple[Model, ...]
    local: bool
    encrypted: bool

    def model(self, name: str) -> Model | None:
        """The model of a name, as a request would find it: without a tag, its latest."""
        wanted = name if ":" in name.rpartition("/")[2] else f"{name}:{_DEFAULT_TAG}"
        return next((model for model in self.models if model.name == wanted), None)


def look(host: str) -> Server:
    """Ask a server. `host` is an address as Ollama's own programs take it: `gpu-1`, `gpu-1:8080`, `https://gpu-1`.

    Raises:
        TaxonomyError: it is no address, nobody answers there, or not as Ollama does.
        ImportError: the extra `generate` is not installed.

    """
    import httpx

    url = url_of(host)
    address = address_of(url)
    # A proxy that the environment names would be asked for localhost, too.
    with httpx.Client(timeout=SECONDS, trust_env=False, follow_redirects=False, auth=_user(url)) as client:
        return server_of(url, **{question: _ask(client, url, question, address) for question in QUESTIONS})


def server_of(
    url: "httpx.URL", *, version: dict[object, object], ps: dict[object, object], tags: dict[object, object]
) -> Server:
    """What the server at an address is, from its answers to the three questions. Raises TaxonomyError."""
    address = address_of(url)
    told = version.get("version")
    if not isinstance(told, str):
        raise strange(address, "it does not tell its version")
    loaded = {model.name: model for model in _models(ps)}
    models = tuple(loaded.get(one.name, one) for one in _models(tags))
    local = url.host in _LOOPBACK or url.host.startswith("127.")
    encrypted = url.scheme == "https"
    return Server(address=address, version=told[:_LONGEST], models=models, local=local, encrypted=encrypted)


def address_of(url: "httpx.URL") -> str:
    """An address without what may be secret in it, to be shown."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def url_of(host: str) -> "httpx.URL":
    """The address of a server, from what Ollama's own programs take. Raises TaxonomyError."""
    import httpx

    text = host.strip()
    bare = "://" not in text
    if bare and text.count(":") > 1 and not text.startswith("["):
        text = f"[{text}]"
    try:
        url = httpx.URL(f"http://{text}" if bare else text)
        if url.scheme not in {"http", "https"}:
            raise httpx.InvalidURL("it must begin with http:// or https://")
        if not url.host or b"%" in url.raw_host:  # which httpx writes for what no name of a host can hold
            raise httpx.InvalidURL("it names no host")
        if bare and url.port is None:
            url = url.copy_with(port=DEFAULT_PORT)
        return url.copy_with(host=_EVERYWHERE.get(url.host, url.host), query=None, fragment=None)
    except (httpx.InvalidURL, ValueError) as error:
        raise TaxonomyError(
            f"`{_SECRET.sub('', host)}` is no address of an Ollama server: {error}.",
            Remedy("For example:", "http://127.0.0.1:11434"),
        ) from error


def _user(url: "httpx.URL") -> tuple[str, str] | None:
    return (url.username, url.password) if url.username or url.password else None


def _ask(client: "httpx.Client", url: "httpx.URL", question: str, address: str) -> dict[object, object]:
    """The answer to one question, a JSON object. Raises TaxonomyError."""
    import httpx

    end = time.monotonic() + SECONDS
    body = bytearray()
    path = f"{url.path.rstrip('/')}/api/{question}"
    try:
        with client.stream("GET", url.copy_with(path=path, username=None, password=None)) as response:
            if response.status_code != httpx.codes.OK:
                raise strange(address, f"it answers /api/{question} with {response.status_code}")
            for part in response.iter_bytes():
                body += part
                if len(body) > _MAX_BYTES or time.monotonic() > end:
                    raise strange(address, f"its answer to /api/{question} does not end")
    except httpx.TimeoutException as error:
        raise unreachable(address, f"no answer within {SECONDS:g} seconds") from error
    except httpx.HTTPError as error:
        raise unreachable(address, str(error) or type(error).__name__) from error
    try:
        answer = json.loads(bytes(body))
    except (ValueError, RecursionError) as error:
        raise strange(address, f"its answer to /api/{question} is no JSON") from error
    if not isinstance(answer, dict):
        raise strange(address, f"its answer to /api/{question} is no JSON object")
    return answer


def _models(answer: dict[object, object]) -> Iterator[Model]:
    listed = answer.get("models")
    for one in listed if isinstance(listed, list) else ():
        name, digest = (one.get("name"), one.get("digest")) if isinstance(one, dict) else (None, None)
        if isinstance(name, str) and isinstance(digest, str):
            # `size_vram` is in /api/ps alone, whose size is that in memory and not that of the files.
            on_gpu = _number(one.get("size_vram"))
            yield Model(
                name=name, digest=digest, size=None if on_gpu is None else _number(one.get("size")), on_gpu=on_gpu
            )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def unreachable(address: str, reason: str) -> TaxonomyError:
    """Nobody answers at an address."""
    return TaxonomyError(f"no Ollama server answers at {address}: {reason}.", Remedy("Start it:", "ollama serve"))


def strange(address: str, reason: str) -> TaxonomyError:
    """Somebody answers at an address, but not as Ollama does."""
    return TaxonomyError(
        f"what answers at {address} is no Ollama server: {reason}.", Remedy("Name one:", "OLLAMA_HOST=HOST:PORT")
    )
