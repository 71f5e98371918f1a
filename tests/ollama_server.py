"""A server on localhost that answers as Ollama 0.24 does, for tests, benchmarks and the demo.

    with OllamaServer(models=["teacher"], delay=0.2, parallel=4) as server:
        ...  # server.url, server.requests, server.counted(), server.fault(Reply(status=503), times=2)

As a process of its own it prints its address on a line and serves until it is ended:

    python -P tests/ollama_server.py --port 0 --delay 0.2 --parallel 4

There is no model behind it: an answer is made from a hash of the request, so the same request has the same answer and
another seed a clearly different one. Only what comes with Python is used.
"""

import argparse
import asyncio
import json
import re
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.client import responses
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Literal, Self

if __name__ == "__main__":  # with `-P`, nothing else puts the project's folder on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.ollama_writer import SPOILED, Body, Spoiled, Writer, resolved

VERSION = "0.24.0"
CHAT = "/api/chat"
MAX_QUEUE = 512
_EQUAL_PIECES = 30
_LONGEST = 2000  # the `maxLength` above which a runner crashes
_BUSY = "server busy, please try again.  maximum pending requests exceeded"
_CRASHED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, "
    "check ollama server logs for details"
)
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_NAME = re.compile(rf"({_PART}(:\d+)?/)?({_PART}/)?{_PART}(:{_PART})?")
_PIECE = re.compile(r"\s*[A-Za-z0-9_]{1,5}|\s*[^\W\x00-\x7f]{1,2}|\s*[^\w\s]|\s+")
_DURATION = re.compile(r"-?(\d+(\.\d+)?(ms|s|m|h))+")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_KEEP = 300.0
# Ollama's options and their types; any other option is ignored.
_OPTIONS = {
    **dict.fromkeys("num_ctx num_batch num_gpu main_gpu num_thread num_keep seed num_predict top_k".split(), "integer"),
    "repeat_last_n": "integer",
    **dict.fromkeys("top_p min_p typical_p temperature repeat_penalty".split(), "float32"),
    **dict.fromkeys("presence_penalty frequency_penalty".split(), "float32"),
    "use_mmap": "boolean",
    "stop": "array",
}
_TYPES = frozenset("object array string number integer boolean null".split())


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model that the server has. Without a `digest`, it is the hash of the name. `gpu` is the share in VRAM."""

    name: str
    digest: str = ""
    architecture: str = "llama"
    context_length: int = 131_072
    capabilities: tuple[str, ...] = ("completion",)
    size: int = 4_000_000_000
    gpu: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What becomes of a request; whatever is not given here is as the server would do it by itself.

    content: the answer, in place of one of its own
    spoil: an answer of its own that is no good, in one of several ways
    status: an HTTP status with `error` as its message
    error: with a status of 200, an error in the middle of a stream (500 where nothing is streamed)
    delay: seconds for this answer, in place of the server's
    end: "closed" ends the connection in the middle, "reset" resets it, "hang" never ends
    done: false for an answer without an end: no reason, no counts
    raw: the whole body of the answer
    die: the server goes away with all its connections, and comes back after so many seconds (below 0: it does not)
    """

    content: str | None = None
    spoil: Spoiled | None = None
    status: int = 200
    error: str = ""
    delay: float | None = None
    end: Literal["whole", "closed", "reset", "hang"] = "whole"
    done: bool = True
    raw: str | None = None
    die: float | None = None


@dataclass(kw_only=True, slots=True)
class Request:
    """A request that came in. `name` is the hash of what a chat's answer depends on, "" for all others.

    `arrived` is on the monotonic clock. `answered` is true before the last byte of a whole answer goes out; an error is
    none.
    """

    method: str
    path: str
    body: Body
    name: str
    arrived: float
    answered: bool = False


@dataclass(kw_only=True, slots=True)
class _Fault:
    reply: Reply
    path: str
    after: int
    times: int | None
    where: Callable[[Body], bool]

    def meets(self, request: Request) -> bool:
        if request.path != self.path or self.times == 0 or not self.where(request.body):
            return False
        if self.after:
            self.after -= 1
            return False
        self.times = None if self.times is None else self.times - 1
        return True


class _Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Reader(asyncio.StreamReader):
    """Says at once that a client has gone: Ollama then gives its request up, and the slot is free."""

    gone: Callable[[], object] = staticmethod(lambda: None)

    def feed_eof(self) -> None:
        super().feed_eof()
        self.gone()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self.gone()


@dataclass(kw_only=True, slots=True)
class _Turn:
    """The time that an answer has a slot."""

    begun: float
    ended: float | None = None


@dataclass(kw_only=True)
class _Runner:
    """A model in memory, with a context of one size. Its slots go to those who wait in the order they came."""

    model: Model
    num_ctx: int
    slots: asyncio.Semaphore
    free: deque[float]
    crashed: asyncio.Future[None]
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    users: int = 0
    expires: float = 0.0

    @asynccontextmanager
    async def turn(self, since: float) -> AsyncIterator[_Turn]:
        """A slot for who waits since then.

        The turn begins when the one before it was to end: that this process may be late is no fault of a GPU's, and a
        benchmark would measure it as the client's.
        """
        async with self.slots:
            turn = _Turn(begun=max(since, self.free.popleft()))
            try:
                yield turn
            finally:
                self.free.append(time.monotonic() if turn.ended is None else turn.ended)

    async def pause(self, seconds: float) -> None:
        """Let time pass, unless the runner crashes; then raises _Refusal."""
        if seconds > 0:
            await asyncio.wait([self.crashed], timeout=seconds)
        if self.crashed.done():
            raise _Refusal(500, _CRASHED)


@dataclass(kw_only=True)
class _Exchange:
    """A request, what is to become of it, and the way back."""

    request: Request
    reply: Reply
    writer: asyncio.StreamWriter
    answered: Callable[[], None]
    streaming: bool = False

    @property
    def body(self) -> Body:
        return self.request.body

    async def send(self, payload: object, status: int = 200) -> None:
        """Answer with one JSON value; or, in text, with a plain page."""
        text = payload if isinstance(payload, str) else _json(payload)
        kind = "text/plain" if isinstance(payload, str) else "application/json"
        await self.send_raw(text.encode(), status=status, kind=kind)

    async def send_raw(self, body: bytes, *, status: int = 200, kind: str = "application/json") -> None:
        lines = (
            f"HTTP/1.1 {status} {responses.get(status, '')}",
            f"Content-Type: {kind}; charset=utf-8",
            f"Content-Length: {len(body)}",
            "\r\n",
        )
        if status == 200:
            self.answered()
        self.writer.write("\r\n".join(lines).encode() + (b"" if self.request.method == "HEAD" else body))
        await self.writer.drain()

    async def lines(self, *payloads: object) -> None:
        """A part of a stream: a line of JSON each, in one chunk."""
        if not self.streaming:
            self.streaming = True
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
            self.writer.write(head)
        if payloads:
            data = b"".join(_json(payload).encode() + b"\n" for payload in payloads)
            self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))
            await self.writer.drain()

    async def fail(self, status: int, message: str) -> None:
        """Answer with an error: in a stream that has begun, as its last line."""
        if self.streaming:
            await self.lines({"error": message})
            self.writer.write(b"0\r\n\r\n")
        else:
            await self.send({"error": message}, status)

    async def end(self) -> None:
        """End a stream of lines."""
        self.answered()
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    def break_off(self) -> None:
        """End the connection as the reply says."""
        if self.reply.end == "reset":
            linger = struct.pack("ii", 1, 0)  # closing then sends a reset, and not an orderly end
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.writer.transport.abort()
        raise ConnectionAbortedError


class OllamaServer(AbstractContextManager["OllamaServer"]):
    """The server, in a thread of its own.

    models: what it has, by name or in full; registry: what can be pulled
    delay: seconds that an answer takes on a slot; load: seconds that loading a model takes
    parallel: its slots (OLLAMA_NUM_PARALLEL); max_queue: OLLAMA_MAX_QUEUE
    num_ctx: the size of a context that is not asked for; halve: a prompt that is too long is cut to half of it, as
    newer servers do
    reply: is called with a chat's body and how often it was asked before; gives the answer's content, a Reply, or None;
    what it raises is raised again at the end of the block
    drifting: a request that is asked again has another answer, as it may happen on a GPU
    record: whether requests are kept; if not, chats are only counted, by the hash of their body
    """

    def __init__(
        self,
        models: Iterable[str | Model] = ("teacher",),
        *,
        registry: Iterable[str | Model] = (),
        delay: float = 0.0,
        load: float = 0.0,
        parallel: int = 1,
        max_queue: int = MAX_QUEUE,
        num_ctx: int = 4096,
        halve: bool = False,
        version: str = VERSION,
        reply: Callable[[Body, int], Reply | str | None] | None = None,
        drifting: bool = False,
        record: bool = True,
        port: int = 0,
    ) -> None:
        self.models: dict[str, Model] = {}
        self.have(*models)
        self.registry = {model.name: model for model in map(_model, registry)}
        self.delay = delay
        self.load = load
        self.parallel = parallel
        self.max_queue = max_queue
        self.num_ctx = num_ctx
        self.halve = halve
        self.version = version
        self.reply = reply
        self.drifting = drifting
        self.record = record
        self.port = port
        self.requests: list[Request] = []
        self.peak = 0
        """The most chats that were in the server at one time, those waiting included."""
        self._in_server = 0
        self._asked: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()
        self._faults: list[_Fault] = []
        self._pulled: Counter[str] = Counter()
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._failure: Exception | None = None
        self._runner: _Runner | None = None
        self._pending = 0
        self._listener: asyncio.Server | None = None
        self._comeback: asyncio.Task[None] | None = None
        self._routes: dict[str, tuple[str, Callable[[_Exchange], Awaitable[None]]]] = {
            "/": ("GET HEAD", self._root),
            "/api/version": ("GET HEAD", self._version),
            "/api/tags": ("GET HEAD", self._tags),
            "/api/ps": ("GET", self._ps),
            "/api/show": ("POST", self._show),
            "/api/pull": ("POST", self._pull),
            CHAT: ("POST", self._chat),
            "/api/generate": ("POST", self._chat),
            "/_test/requests": ("GET DELETE", self._told),
            "/_test/faults": ("POST DELETE", self._take_faults),
        }

    # What a test uses.

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="ollama server", daemon=True)
        self._thread.start()
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._failure and not error:
            raise self._failure

    @property
    def url(self) -> str:
        """Its address, the same after it was down."""
        return f"http://127.0.0.1:{self.port}"

    def have(self, *models: str | Model) -> None:
        """Have these models from now on, and no others: with another digest, it is another model."""
        self.models = {model.name: model for model in map(_model, models)}

    def up(self) -> None:
        """Listen, and on the same port as before."""
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()

    def down(self) -> None:
        """Stop: nothing listens, all connections are broken, no model is loaded."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()

    def fault(
        self,
        reply: Reply,
        *,
        times: int | None = 1,
        after: int = 0,
        path: str = CHAT,
        where: Callable[[Body], bool] = lambda _: True,
    ) -> None:
        """Give `reply` to the next `times` requests (None: to all) of which `where` is true, once `after` went by."""
        self._faults.append(_Fault(reply=reply, path=path, after=after, times=times, where=where))

    def mend(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def counted(self, *, answered: bool = False) -> Counter[str]:
        """How often each chat was asked, or had a whole answer that is no error, by the hash that names it."""
        return Counter(dict(self._answered if answered else self._asked))

    def chats(self) -> list[Body]:
        """The bodies of all chats, in the order in which they came."""
        return [request.body for request in list(self.requests) if request.path == CHAT]

    def forget(self) -> None:
        """Forget what was asked."""
        self.requests.clear()
        self._asked.clear()
        self._answered.clear()
        self.peak = self._in_server

    # Connections.

    async def _open(self) -> None:
        self._scheduler = asyncio.Lock()

        def protocol() -> asyncio.StreamReaderProtocol:
            return asyncio.StreamReaderProtocol(_Reader(limit=1 << 24), self._connected)

        self._listener = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", self.port, backlog=1024)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        if self._comeback and self._comeback is not asyncio.current_task():
            self._comeback.cancel()
        if self._listener:
            self._listener.close()
        self._listener = self._runner = None
        for task, writer in list(self._connections.items()):
            writer.transport.abort()
            task.cancel()
        ending = [*self._connections, *([self._comeback] if self._comeback is not asyncio.current_task() else [])]
        if ending := [task for task in ending if task]:
            await asyncio.wait(ending)

    async def _away(self, seconds: float) -> None:
        await self._shut()
        if seconds >= 0:
            await asyncio.sleep(seconds)
            await self._open()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        assert isinstance(reader, _Reader)
        if self._listener is None:
            writer.transport.abort()
            return
        self._connections[task] = writer
        reader.gone = task.cancel
        try:
            while await self._serve(reader, writer):
                pass
        except (asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone, or the server is to
        finally:
            reader.gone = lambda: None
            writer.close()
            self._connections.pop(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether another may follow on this connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.rstrip("\r\n").split("\r\n")
        method, target, protocol = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        data = await reader.readexactly(int(headers.get("content-length", "0")))
        path = target.partition("?")[0]
        try:
            body = json.loads(data) if data else {}
        except ValueError:
            body = None
        request = Request(
            method=method,
            path=path,
            body=body if isinstance(body, dict) else {},
            name=self._name(body) if path == CHAT and isinstance(body, dict) else "",
            arrived=time.monotonic(),
        )

        def answered() -> None:
            request.answered = True
            if request.name:
                self._answered[request.name] += 1

        exchange = _Exchange(request=request, reply=self._reply(request), writer=writer, answered=answered)
        try:
            if await self._faulty(exchange):
                return True
            if method == "POST" and not isinstance(body, dict):
                raise _Refusal(400, "invalid request body")
            if method == "POST" and not data:
                raise _Refusal(400, "missing request body")
            await self._answer(exchange)
        except _Refusal as error:
            await exchange.fail(error.status, str(error))
        return protocol == "HTTP/1.1" and headers.get("connection", "").lower() != "close"

    async def _answer(self, exchange: _Exchange) -> None:
        methods, handler = self._routes.get(exchange.request.path, ("", None))
        if handler is None:
            await exchange.send("404 page not found", 404)
        elif exchange.request.method not in methods.split():
            await exchange.send("405 method not allowed", 405)
        else:
            await handler(exchange)

    def _name(self, body: Body) -> str:
        """The hash of what an answer depends on: not how it is delivered, nor how long the model stays in memory."""
        model = self.models.get(_full(str(body.get("model", ""))))
        depends = {
            "digest": model.digest if model else "",
            "format": body.get("format") or None,
            "messages": body.get("messages") or [],
            "options": body.get("options") or {},
        }
        text = json.dumps(depends, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return sha256(text.encode()).hexdigest()

    def _reply(self, request: Request) -> Reply:
        """What the test wants to become of a request, which is noted."""
        times = self._asked[request.name] if request.name else 0
        if self.record and not request.path.startswith("/_test/"):
            self.requests.append(request)
        if request.name:
            self._asked[request.name] += 1
        fault = next((fault for fault in self._faults if fault.meets(request)), None)
        if fault:
            return fault.reply
        try:
            given = self.reply(request.body, times) if self.reply and request.path == CHAT else None
        except Exception as error:  # noqa: BLE001 - it is the test's own, and is raised again where the test ends
            self._failure = self._failure or error
            return Reply(status=500, error=repr(error))
        return Reply(content=given) if isinstance(given, str) else given or Reply()

    async def _faulty(self, exchange: _Exchange) -> bool:
        """What goes wrong before the request is looked at; whether it has been answered by that."""
        reply = exchange.reply
        if reply.die is not None:
            self._comeback = asyncio.create_task(self._away(reply.die))
            await asyncio.sleep(3600)
        if reply.status != 200:
            await asyncio.sleep(reply.delay or 0)
            raise _Refusal(reply.status, reply.error or "broken")
        if exchange.request.path in {CHAT, "/api/generate", "/api/pull"}:
            return False
        await asyncio.sleep(reply.delay or 0)
        await self._break(exchange)
        if reply.raw is not None:
            await exchange.send_raw(reply.raw.encode())
        return reply.raw is not None

    # What it says of itself.

    async def _root(self, exchange: _Exchange) -> None:
        await exchange.send("Ollama is running")

    async def _version(self, exchange: _Exchange) -> None:
        await exchange.send({"version": self.version})

    async def _tags(self, exchange: _Exchange) -> None:
        listed = [
            {**_listed(model), "modified_at": "2026-01-01T00:00:00Z", "size": model.size}
            for model in self.models.values()
        ]
        await exchange.send({"models": listed})

    async def _ps(self, exchange: _Exchange) -> None:
        runner = self._loaded()
        listed = []
        if runner:
            left = timedelta(seconds=min(runner.expires - time.monotonic(), 1e8))
            listed.append(
                {
                    **_listed(runner.model),
                    "size": runner.model.size,
                    "size_vram": int(runner.model.size * runner.model.gpu),
                    "expires_at": (datetime.now(UTC) + left).isoformat().replace("+00:00", "Z"),
                    "context_length": runner.num_ctx,
                }
            )
        await exchange.send({"models": listed})

    async def _show(self, exchange: _Exchange) -> None:
        model = self._wanted(exchange.body)
        info = {
            "general.architecture": model.architecture,
            "general.parameter_count": model.size // 2,
            f"{model.architecture}.context_length": model.context_length,
        }
        await exchange.send(
            {
                "modelfile": f"FROM {model.name}\n",
                "template": "{{ .Prompt }}",
                "details": _listed(model)["details"],
                "model_info": info,
                "capabilities": list(model.capabilities),
                "modified_at": "2026-01-01T00:00:00Z",
            }
        )

    async def _pull(self, exchange: _Exchange) -> None:
        """A pull that was broken off goes on where it was."""
        name = self._asked_name(exchange.body)
        model = self.registry.get(name) or self.models.get(name)
        streamed = exchange.body.get("stream", True)
        if streamed:
            await exchange.lines({"status": "pulling manifest"})
        if model is None:
            raise _Refusal(500, "pull model manifest: file does not exist")
        layer = {"status": f"pulling {model.digest[:12]}", "digest": f"sha256:{model.digest}", "total": model.size}
        for step in range(self._pulled[name], 5):
            await asyncio.sleep((self.delay if exchange.reply.delay is None else exchange.reply.delay) / 5)
            self._pulled[name] = step + 1
            if streamed:
                await exchange.lines({**layer, "completed": model.size * (step + 1) // 5})
            if step == 2:
                await self._break(exchange)
        self.models[name] = model
        last = [{"status": status} for status in ("verifying sha256 digest", "writing manifest", "success")]
        if streamed:
            await exchange.lines(*last)
            await exchange.end()
        else:
            await exchange.send(last[-1])

    @staticmethod
    async def _break(exchange: _Exchange) -> None:
        """What goes wrong in the middle of an answer."""
        if exchange.reply.end == "hang":
            await asyncio.sleep(3600)
        if exchange.reply.end != "whole":
            exchange.break_off()
        if exchange.reply.error:
            raise _Refusal(500, exchange.reply.error)

    # For the process, what a test asks in the same process by name.

    async def _told(self, exchange: _Exchange) -> None:
        if exchange.request.method == "DELETE":
            self.forget()
        shown = [{slot.name: getattr(request, slot.name) for slot in fields(request)} for request in self.requests]
        await exchange.send(
            {"requests": shown, "asked": self._asked, "answered": self._answered, "peak": self.peak},
        )

    async def _take_faults(self, exchange: _Exchange) -> None:
        if exchange.request.method == "DELETE":
            self.mend()
        else:
            wanted = dict(exchange.body)
            contains = str(wanted.pop("contains", ""))
            reply = Reply(**wanted.pop("reply"))
            self.fault(reply, where=lambda body: contains in json.dumps(body, ensure_ascii=False), **wanted)
        await exchange.send({})

    # A chat.

    async def _chat(self, exchange: _Exchange) -> None:
        self._in_server += 1
        self.peak = max(self.peak, self._in_server)
        try:
            await self._chatted(exchange)
        finally:
            self._in_server -= 1

    async def _chatted(self, exchange: _Exchange) -> None:
        start = time.monotonic()
        body = exchange.body
        model = self._wanted(body)
        generating = exchange.request.path != CHAT
        if "completion" not in model.capabilities:
            kind = "generate" if generating else "chat"
            raise _Refusal(400, f'"{body["model"]}" does not support {kind}')
        thinks = "thinking" in model.capabilities and body.get("think") is not False
        if body.get("think") and not thinks:
            raise _Refusal(400, f'"{body["model"]}" does not support thinking')
        keep = _keep_alive(body.get("keep_alive"))
        options = _options(body.get("options"))
        messages = _messages(body)
        if not messages and keep == 0:
            self._runner = None
            await exchange.send(_last(body, "", reason="unload", generating=generating))
            return
        runner = await self._run(model, min(max(4, int(options.get("num_ctx", self.num_ctx))), model.context_length))
        try:
            loaded = time.monotonic()
            if messages:
                await self._write(
                    exchange,
                    runner,
                    messages,
                    num_predict=int(options.get("num_predict", -1)),
                    start=start,
                    loaded=loaded,
                )
            else:
                await exchange.send(_last(body, "", reason="load", generating=generating))
        finally:
            runner.users -= 1
            runner.expires = time.monotonic() + keep
            if not runner.users:
                runner.idle.set()

    async def _write(
        self,
        exchange: _Exchange,
        runner: _Runner,
        messages: Sequence[Mapping[str, str]],
        *,
        num_predict: int,
        start: float,
        loaded: float,
    ) -> None:
        body, reply = exchange.body, exchange.reply
        schema = _format(body.get("format"))
        async with runner.turn(loaded) as turn:
            await runner.pause(0)
            if schema and _crashes(schema) and not runner.crashed.done():
                self._runner = None
                runner.crashed.set_result(None)
                await runner.pause(0)
            delay = self.delay if reply.delay is None else reply.delay
            prompt = sum(len(pieces(message["content"])) + 4 for message in messages)
            if prompt > runner.num_ctx:
                prompt = runner.num_ctx // 2 if self.halve else runner.num_ctx
            written = (
                reply.content if reply.content is not None else self._made(runner.model, exchange, messages, schema)
            )
            thought = "" if "thinking" not in runner.model.capabilities or body.get("think") is False else _THOUGHT
            output, reason = _stopped(written, max(1, num_predict - len(pieces(thought))) if num_predict > 0 else -1)
            if not reply.done:
                reason = ""
            if body.get("stream", True):
                await self._streamed(exchange, runner, output, thought, begun=turn.begun, delay=delay)
            else:
                await runner.pause(turn.begun + delay - time.monotonic())
                await self._break(exchange)
            turn.ended = turn.begun + delay if delay else time.monotonic()
        times = {
            "total_duration": _nanoseconds(turn.ended - start),
            "load_duration": _nanoseconds(loaded - start),
            "prompt_eval_count": prompt,
            "prompt_eval_duration": _nanoseconds((turn.ended - turn.begun) * 0.1),
            "eval_count": len(output) + len(pieces(thought)),
            "eval_duration": _nanoseconds((turn.ended - turn.begun) * 0.9),
        }
        counts = {name: value for name, value in times.items() if value} if reason else {}
        generating = exchange.request.path != CHAT
        if not body.get("stream", True):
            last = _last(body, "".join(output), reason=reason, generating=generating, thinking=thought)
            await (
                exchange.send_raw(reply.raw.encode()) if reply.raw is not None else exchange.send({**last, **counts})
            )
            return
        if reply.raw is not None:
            exchange.writer.write(b"%x\r\n%b\r\n" % (len(reply.raw.encode()), reply.raw.encode()))
        elif reason:
            await exchange.lines({**_last(body, "", reason=reason, generating=generating), **counts})
        await exchange.end()

    @staticmethod
    async def _streamed(
        exchange: _Exchange, runner: _Runner, output: Sequence[str], thought: str, *, begun: float, delay: float
    ) -> None:
        """The pieces of an answer, a line each, in at most twenty steps over the time that it takes."""
        body, generating = exchange.body, exchange.request.path != CHAT
        lines = [_last(body, "", reason="", generating=generating, thinking=piece) for piece in pieces(thought)]
        lines += [_last(body, piece, reason="", generating=generating) for piece in output]
        steps = min(20, max(2, len(lines)))
        for step in range(steps):
            await runner.pause(begun + delay * (step + 1) / steps - time.monotonic())
            await exchange.lines(*lines[step * len(lines) // steps : (step + 1) * len(lines) // steps])
            if step == steps // 2 - 1:
                await OllamaServer._break(exchange)

    def _made(
        self, model: Model, exchange: _Exchange, messages: Sequence[Mapping[str, str]], schema: Body | None
    ) -> str:
        """An answer of its own."""
        name = exchange.request.name or self._name({**exchange.body, "messages": messages})
        if self.drifting and self._asked[name] > 1:
            name += str(self._asked[name])
        prompt = next((message["content"] for message in reversed(messages) if message["role"] == "user"), "")
        spoil = exchange.reply.spoil
        writer = Writer(seed=model.digest if spoil == "same" else name, prompt=prompt)
        if spoil is None or spoil == "same":
            return writer.write(schema)
        return SPOILED[spoil](writer, schema)

    async def _run(self, model: Model, num_ctx: int) -> _Runner:
        """The model in memory, with a context of this size: loaded, if need be, once all who use another are done."""
        if self._scheduler.locked() and self._pending > self.max_queue:
            raise _Refusal(503, _BUSY)
        self._pending += 1
        try:
            async with self._scheduler:
                runner = self._loaded()
                if not runner or (runner.model, runner.num_ctx) != (model, num_ctx):
                    if self._runner:
                        await self._runner.idle.wait()
                    await asyncio.sleep(self.load)
                    runner = _Runner(
                        model=model,
                        num_ctx=num_ctx,
                        slots=asyncio.Semaphore(self.parallel),
                        free=deque([0.0] * self.parallel),
                        crashed=asyncio.get_running_loop().create_future(),
                    )
                self._runner = runner
                runner.users += 1
                runner.idle.clear()
                return runner
        finally:
            self._pending -= 1

    def _loaded(self) -> _Runner | None:
        """What is in memory, if it was not kept too long."""
        runner = self._runner
        return runner if runner and (runner.users or runner.expires > time.monotonic()) else None

    def _asked_name(self, body: Body) -> str:
        name = body.get("model") or body.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _Refusal(400, "model is required")
        return _full(name)

    def _wanted(self, body: Body) -> Model:
        model = self.models.get(self._asked_name(body))
        if model is None:
            raise _Refusal(404, f"model '{body.get('model') or body.get('name')}' not found")
        return model


# What a request holds.


def pieces(text: str) -> list[str]:
    """A text as tokens; together they are the text again."""
    return _PIECE.findall(text)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _full(name: str) -> str:
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _model(given: str | Model) -> Model:
    model = Model(name=given) if isinstance(given, str) else given
    name = _full(model.name)
    return replace(model, name=name, digest=model.digest or sha256(name.encode()).hexdigest())


def _listed(model: Model) -> Body:
    details = {
        "parent_model": "",
        "format": "gguf",
        "family": model.architecture,
        "families": [model.architecture],
        "parameter_size": f"{model.size / 5e8:.1f}B",
        "quantization_level": "Q4_K_M",
    }
    return {"name": model.name, "model": model.name, "digest": model.digest, "details": details}


def _messages(body: Body) -> list[Mapping[str, str]]:
    """The conversation; a prompt is one message."""
    if "prompt" in body:
        return [{"role": "user", "content": str(body["prompt"])}] if body["prompt"] else []
    messages = body.get("messages") or []
    if not isinstance(messages, list) or not all(
        isinstance(one, dict) and isinstance(one.get("role"), str) and isinstance(one.get("content", ""), str)
        for one in messages
    ):
        raise _Refusal(
            400, "json: cannot unmarshal value into Go struct field ChatRequest.messages of type api.Message"
        )
    return [{"role": one["role"], "content": one.get("content", "")} for one in messages]


def _options(given: object) -> Mapping[str, Any]:
    options = given if isinstance(given, dict) else {}
    for name, value in options.items():
        kind = _OPTIONS.get(name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = {
            "integer": number,
            "float32": number,
            "boolean": isinstance(value, bool),
            "array": isinstance(value, list),
        }
        if kind and not fits[kind]:
            raise _Refusal(500, f'option "{name}" must be of type {kind}')
    return options


def _keep_alive(given: object) -> float:
    """Seconds; below 0, or without an end, is for ever."""
    if given is None:
        return _KEEP
    if isinstance(given, int | float) and not isinstance(given, bool):
        seconds = float(given)
    elif isinstance(given, str) and (given == "0" or _DURATION.fullmatch(given)):
        parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", given)
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts) * (-1 if given.startswith("-") else 1)
    else:
        raise _Refusal(400, f'time: invalid duration "{given}"')
    return seconds if seconds >= 0 else 1e9


def _format(given: object) -> Body | None:
    """The schema of a format, {} for any JSON, None for text."""
    if given in (None, ""):
        return None
    if given == "json":
        return {}
    if not isinstance(given, dict):
        raise _Refusal(
            500, f'invalid format: {json.dumps(json.dumps(given))}; expected "json" or a valid JSON Schema object'
        )
    if not all(_has_grammar(inner, given) for inner in _schemas(given)):
        raise _Refusal(500, "invalid JSON schema in format")
    return given


def _schemas(schema: object) -> Iterator[Any]:
    """A schema and all within it."""
    yield schema
    if not isinstance(schema, dict):
        return
    for key in ("properties", "$defs", "definitions"):
        named = schema.get(key, {})
        for inner in named.values() if isinstance(named, dict) else [named]:
            yield from _schemas(inner)
    for key in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(key, []):
            yield from _schemas(inner)
    if isinstance(schema.get("items"), dict):
        yield from _schemas(schema["items"])


def _has_grammar(schema: object, root: Body) -> bool:
    if not isinstance(schema, dict):
        return schema is True
    kinds = schema.get("type", [])
    pattern = schema.get("pattern")
    return (
        all(isinstance(kind, str) and kind in _TYPES for kind in (kinds if isinstance(kinds, list) else [kinds]))
        and (pattern is None or (isinstance(pattern, str) and pattern.startswith("^") and pattern.endswith("$")))
        and resolved(schema, root) is not None
    )


def _crashes(schema: Body) -> bool:
    return any(inner.get("maxLength", 0) > _LONGEST for inner in _schemas(schema) if isinstance(inner, dict))


# What an answer holds.


def _last(body: Body, content: str, *, reason: str, generating: bool, thinking: str = "") -> Body:
    """A line of an answer; without a reason to be done, it is not."""
    thought = {"thinking": thinking} if thinking else {}
    said: Body = {"response": content, **thought}
    if not generating:
        said = {"message": {"role": "assistant", "content": content, **thought}}
    end: Body = {"done": True, "done_reason": reason} if reason else {"done": False}
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"model": body["model"], "created_at": now, **said, **end}


def _stopped(text: str, num_predict: int) -> tuple[list[str], str]:
    """The pieces of an answer as far as they get, and why it ends there: "" where it repeats itself too often."""
    found = pieces(text)
    equal = 1
    for number, (one, other) in enumerate(pairwise(found), 2):
        equal = equal + 1 if one.strip() == other.strip() else 1
        if equal == _EQUAL_PIECES and not 0 < num_predict < number:
            return found[:number], ""
    return (found[:num_predict], "length") if 0 < num_predict < len(found) else (found, "stop")


def _nanoseconds(seconds: float) -> int:
    return max(0, round(seconds * 1e9))


_THOUGHT = "Let me see what is asked."

# As a process of its own.


@dataclass(kw_only=True)
class OllamaProcess:
    """The server in a process of its own, for what must not share a process with it: benchmarks, kills."""

    url: str
    process: subprocess.Popen[str] = field(repr=False)

    def told(self) -> Body:
        """What it has seen: `requests`, `asked` and `answered` (how often, by name), and `peak`."""
        return self._ask("GET", "/_test/requests")

    def counted(self, *, answered: bool = False) -> Counter[str]:
        """How often each chat was asked, or had a whole answer that is no error, by the hash that names it."""
        return Counter(self.told()["answered" if answered else "asked"])

    def fault(
        self, reply: Reply, *, times: int | None = 1, after: int = 0, path: str = CHAT, contains: str = ""
    ) -> None:
        """As the server's own; `contains` is a text that the body must hold."""
        given = {slot.name: getattr(reply, slot.name) for slot in fields(reply)}
        self._ask(
            "POST",
            "/_test/faults",
            {"reply": given, "times": times, "after": after, "path": path, "contains": contains},
        )

    def forget(self) -> None:
        """Forget what was asked."""
        self._ask("DELETE", "/_test/requests")

    def mend(self) -> None:
        """Forget all faults."""
        self._ask("DELETE", "/_test/faults")

    def _ask(self, method: str, path: str, body: Body | None = None) -> Body:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, method=method, data=data)
        # A proxy that the environment names would be asked for localhost, too.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            told: Body = json.load(answer)
        return told


@contextmanager
def ollama_process(*arguments: str) -> Iterator[OllamaProcess]:
    """Start the server as a process, with options of its command line; it ends with the block."""
    command = [sys.executable, "-P", str(Path(__file__).resolve()), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield OllamaProcess(url=process.stdout.readline().strip(), process=process)
        finally:
            process.terminate()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description="Answers as an Ollama server does.", allow_abbrev=False)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--model", action="append", metavar="NAME", help="what it has (teacher)")
    parser.add_argument("--embedding", action="append", default=[], metavar="NAME", help="a model that only embeds")
    parser.add_argument("--registry", action="append", default=[], metavar="NAME", help="what can be pulled")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that an answer takes")
    parser.add_argument("--load", type=float, default=0.0, help="seconds that loading a model takes")
    parser.add_argument("--parallel", type=int, default=1, help="how many it answers at a time")
    parser.add_argument("--max-queue", type=int, default=MAX_QUEUE)
    parser.add_argument("--num-ctx", type=int, default=4096)
    parser.add_argument("--drifting", action="store_true", help="answer otherwise when asked again")
    parser.add_argument("--counts-only", action="store_true", help="keep no requests, count them only")
    given = parser.parse_args(argv)
    models: list[str | Model] = [*(given.model or ["teacher"])]
    models += [Model(name=name, capabilities=("embedding",)) for name in given.embedding]
    with OllamaServer(
        models,
        registry=given.registry,
        port=given.port,
        delay=given.delay,
        load=given.load,
        parallel=given.parallel,
        max_queue=given.max_queue,
        num_ctx=given.num_ctx,
        drifting=given.drifting,
        record=not given.counts_only,
    ) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
