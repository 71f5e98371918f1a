"""One Ollama server, asked through Ollama's own client.

Answers come whole, not as streams. A stream shows that a server is alive only once the request has left the server's
queue and the model is loaded, so it needs the same patience before its first piece; it costs a third more of our time
(measured with 400 answers of 105 tokens in 20 parts: 2.5 ms an answer in place of 1.8), more with a packet a token; and
it can fail in the middle. Whether a server is alive is asked of it instead (`look`), when it is silent for long.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.generate.backend import Refused, Unanswerable
from taxonomy_tools.generate.request import Answer, Durations, Request
from taxonomy_tools.probe import QUESTIONS, Server, address_of, server_of, strange, unreachable, url_of

if TYPE_CHECKING:
    import httpx
    import ollama

SECONDS = 1200.0
"""How long an answer may take, all of it: loading a large model and waiting in the server's queue count, too."""
LOOK_SECONDS = 5.0
_CONNECT_SECONDS = 10.0
_KEEP_ALIVE = "30m"  # a model that is thrown out between two leaves costs minutes of loading
_MAX_BYTES = 8 << 20
_MAX_COUNT = (1 << 31) - 1
_MAX_LONG = (1 << 62) - 1
_SHOWN = 300
_NOT_FOUND = 404
_DENIED = (401, 403)
_BUSY = (408, 429, 502, 503, 504)
_INTERNAL = 500
# Errors 500 of requests that are none (FACTS of Ollama 0.24): asking again does not mend them.
_HOPELESS = ("invalid format", "invalid json schema in format", 'option "', "invalid option")

Progress = Callable[[int, int, str], object]
"""Is told of a download: bytes that are there, bytes of all (0: not known), and what is being done."""


class Trouble(Enum):
    """What kind of failure may pass: whether the request reached a model, and who is to blame."""

    AWAY = "away"
    """Nobody took the request: no connection, or the server is busy."""
    BROKEN = "broken"
    """The connection broke, or the answer took too long: the server may be gone."""
    FAILED = "failed"
    """The server answered with an error of its own, or with nonsense: it may be due to the request."""


class Passing(Exception):
    """A request that failed in a way that can pass."""

    def __init__(self, trouble: Trouble, reason: str) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.reason = reason


class ModelGone(Refused):
    """The server has no model of that name (any more)."""


class Ollama:
    """An Ollama server. An asynchronous context manager.

    `host` is an address as Ollama's own programs take it, with a name and a password if it has some. `seconds` is how
    long an answer may take, `connections` how many requests are in flight at most.
    """

    def __init__(self, host: str, *, seconds: float = SECONDS, connections: int = 128) -> None:
        import httpx
        import ollama

        self._url = url_of(host)
        self.address = address_of(self._url)
        self._seconds = seconds
        transport = _bounded(self._url, connections)
        options: dict[str, Any] = {
            # Reading may take as long as the answer: waiting in the queue, nothing is sent.
            "timeout": httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS)),
            "follow_redirects": False,  # seed examples go where the user said, and nowhere else
            "trust_env": False,  # a proxy that the environment names would be asked for localhost, too
            "transport": transport,
            "auth": _authorization(self._url),
        }
        base = str(self._url.copy_with(username=None, password=None))
        headers = {"accept-encoding": "identity"}
        self._client: ollama.AsyncClient = ollama.AsyncClient(base, headers=headers, **options)
        self._plain = httpx.AsyncClient(base_url=base, headers=headers, **options)

    async def __aenter__(self) -> Self:
        """The server itself; nothing is asked yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        # Both share their connections.
        await self._plain.aclose()
        await self._client.close()  # type: ignore[no-untyped-call] # of a package that has types else

    async def look(self) -> Server:
        """What the server says of itself, within a few seconds. Raises TaxonomyError."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                answers = {question: await self._get(question) for question in QUESTIONS}
        except TimeoutError as error:
            raise unreachable(self.address, f"no answer within {LOOK_SECONDS:g} seconds") from error
        return server_of(self._url, **answers)

    async def chat(self, request: Request, *, version: str) -> Answer:
        """The model's answer. `version` is the server's, to be noted in it.

        Raises:
            Refused, Unanswerable: asking again does not help.
            Passing: it may help.

        """
        import httpx
        import ollama

        try:
            async with asyncio.timeout(self._seconds):
                response = await self._client.chat(
                    model=request.model,
                    messages=[{"role": message.role, "content": message.content} for message in request.messages],
                    format=json.loads(request.format),
                    options=dict(request.options),
                    think=False,  # else a model that can think does, and the JSON comes after thousands of tokens
                    keep_alive=_KEEP_ALIVE,
                )
                return _answer(response, version)
        except ollama.ResponseError as error:
            raise self._refusal(request, error.status_code, error.error) from error
        except TimeoutError as error:
            raise Passing(Trouble.BROKEN, f"no answer within {self._seconds:g} seconds") from error
        except (ConnectionError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Passing(Trouble.AWAY, "it cannot be connected to") from error
        except httpx.TimeoutException as error:
            raise Passing(Trouble.BROKEN, f"no answer within {self._seconds:g} seconds") from error
        except _Unreadable as error:
            raise Passing(Trouble.FAILED, str(error)) from error
        except httpx.HTTPError as error:
            raise Passing(Trouble.BROKEN, _short(str(error)) or type(error).__name__) from error
        except (ValueError, TypeError, RecursionError) as error:
            # pydantic's ValidationError is a ValueError, too; its title is what was to be made.
            if getattr(error, "title", "") == "ChatRequest":
                raise Unanswerable(f"Ollama's client does not send this request: {_short(str(error))}.") from error
            raise Passing(Trouble.FAILED, "its answer is none of Ollama's") from error

    async def show(self, model: str) -> dict[str, object]:
        """What a model is: at least its `capabilities` and its `model_info`, as far as the server tells.

        Raises TaxonomyError.
        """
        return await self._get("show", {"model": model})

    async def pull(self, model: str, progress: Progress) -> None:
        """Have the server download a model. What an earlier try has downloaded is kept by the server.

        Raises TaxonomyError.
        """
        import httpx
        import ollama

        again = Remedy("Try again, it goes on where it was:", f"ollama pull {model}")
        done: dict[str, tuple[int, int]] = {}
        status = ""
        try:
            parts = await self._client.pull(model, stream=True)
            async with aclosing(cast("AsyncGenerator[ollama.ProgressResponse]", parts)) as stream:
                async for part in stream:
                    status = _short(part.status or "")
                    if part.digest and part.total:
                        done[part.digest] = (_count(part.completed, _MAX_LONG), _count(part.total, _MAX_LONG))
                    progress(sum(one for one, _ in done.values()), sum(total for _, total in done.values()), status)
        except ollama.ResponseError as error:
            told = _short(_told(error.error))
            raise TaxonomyError(f"`{model}` cannot be pulled at {self.address}: {told}.", again) from error
        except (ConnectionError, httpx.HTTPError, _Unreadable) as error:
            reason = _short(str(error)) or type(error).__name__
            raise TaxonomyError(f"pulling `{model}` at {self.address} broke off: {reason}.", again) from error
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise strange(self.address, "its answer to /api/pull is none of Ollama's") from error
        if status != "success":
            raise TaxonomyError(f"pulling `{model}` at {self.address} ended without success.", again)

    async def _get(self, question: str, body: dict[str, str] | None = None) -> dict[Any, Any]:
        """The answer to one question of a server about itself, a JSON object. Raises TaxonomyError."""
        import httpx

        try:
            async with asyncio.timeout(LOOK_SECONDS):
                method = "GET" if body is None else "POST"
                response = await self._plain.request(method, f"api/{question}", json=body)
                answer = response.json() if response.status_code == httpx.codes.OK else None
        except (TimeoutError, httpx.TimeoutException) as error:
            raise unreachable(self.address, f"no answer within {LOOK_SECONDS:g} seconds") from error
        except _Unreadable as error:
            raise strange(self.address, f"it answers /api/{question}, but {error}") from error
        except httpx.HTTPError as error:
            raise unreachable(self.address, _short(str(error)) or type(error).__name__) from error
        except (ValueError, RecursionError) as error:
            raise strange(self.address, f"its answer to /api/{question} is no JSON") from error
        if response.status_code in _DENIED:
            raise self._denied(response.status_code)
        if response.status_code != httpx.codes.OK:
            raise strange(self.address, f"it answers /api/{question} with {response.status_code}")
        if not isinstance(answer, dict):
            raise strange(self.address, f"its answer to /api/{question} is no JSON object")
        return answer

    def _denied(self, status: int) -> Refused:
        return Refused(
            f"the server at {self.address} lets nobody in without a name and a password ({status}).",
            Remedy("Write them into the address:", "https://NAME:PASSWORD@HOST"),
        )

    def _refusal(self, request: Request, status: int, text: str) -> Refused | Unanswerable | Passing:
        """What an HTTP error means."""
        told = _short(_told(text)) or "without a reason"
        if status in _DENIED:
            return self._denied(status)
        if status == _NOT_FOUND:
            message = f"the server at {self.address} has no model `{request.model}`: {told}."
            return ModelGone(message, Remedy("Get it:", f"ollama pull {request.model}"))
        if status in _BUSY:
            return Passing(Trouble.AWAY, f"{status} {told}")
        message = f"the server at {self.address} refuses the request: {status} {told}."
        if status == _INTERNAL and told.lower().startswith(_HOPELESS):
            return Refused(message)  # the format and the options are those of all requests
        if status < _INTERNAL:
            return Unanswerable(message)
        return Passing(Trouble.FAILED, f"{status} {told}")


def _answer(response: "ollama.ChatResponse", version: str) -> Answer:
    """An answer as a record. Raises ValueError for numbers that are none."""
    return Answer(
        content=response.message.content or "",
        done=bool(response.done),
        done_reason=(response.done_reason or "")[:_SHOWN],
        prompt_tokens=_count(response.prompt_eval_count),
        answer_tokens=_count(response.eval_count),
        server=version,
        durations=Durations(
            total=_count(response.total_duration, _MAX_LONG),
            load=_count(response.load_duration, _MAX_LONG),
            prompt=_count(response.prompt_eval_duration, _MAX_LONG),
            answer=_count(response.eval_duration, _MAX_LONG),
        ),
    )


def _count(number: int | None, most: int = _MAX_COUNT) -> int:
    """A number that a server tells: 0 if it leaves it out. Raises ValueError for what no store would take."""
    if number is not None and not 0 <= number <= most:
        raise ValueError(number)
    return number or 0


def _told(text: str) -> str:
    """The message of an error: of a server that is right in front of us, or of a proxy between, which writes pages."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return text
    told = answer.get("error") if isinstance(answer, dict) else None
    return told if isinstance(told, str) else text


def _short(text: str) -> str:
    text = " ".join(text[: 4 * _SHOWN].split()).rstrip(".")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


# --- what is sent to whom, and how much is read


class _Unreadable(Exception):
    """An answer that is not read to its end."""


def _authorization(url: "httpx.URL") -> "tuple[str, str] | Callable[[httpx.Request], httpx.Request]":
    """The name and password of the address. Without one, Ollama's client sends what OLLAMA_API_KEY holds."""
    if url.username or url.password:
        return (url.username, url.password)

    def keep_secrets(request: "httpx.Request") -> "httpx.Request":
        if request.url.scheme != "https":  # where everybody on the way could read the key
            request.headers.pop("authorization", None)
        return request

    return keep_secrets


def _bounded(url: "httpx.URL", connections: int) -> "httpx.AsyncBaseTransport":
    """A way to a server on which no answer is longer than is sound, however it is sent."""
    import httpx

    class Stream(httpx.AsyncByteStream):
        def __init__(self, stream: httpx.AsyncByteStream, *, by_line: bool) -> None:
            self._stream = stream
            self._by_line = by_line

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for part in self._stream:
                # The lines of a download go on for hours; each is short.
                size = len(part) - part.rindex(b"\n") if self._by_line and b"\n" in part else size + len(part)
                if size > _MAX_BYTES:
                    raise _Unreadable("its answer does not end")
                yield part

        async def aclose(self) -> None:
            await self._stream.aclose()

    class Transport(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            if response.headers.get("content-encoding", "identity") != "identity":
                await response.aclose()  # nobody asked for it, and a little of it may become a lot
                raise _Unreadable("its answer is compressed")
            if isinstance(response.stream, httpx.AsyncByteStream):
                response.stream = Stream(response.stream, by_line=request.url.path.endswith("/api/pull"))
            return response

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    # Certificates take a tenth of a second to read; plain http has none, and redirects are not followed.
    return Transport(verify=url.scheme == "https", trust_env=False, limits=limits)
