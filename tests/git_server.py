"""A real Git server on localhost: https with a certificate of its own, and Git's own http-backend behind it."""

import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


@dataclass(kw_only=True)
class GitServer:
    """Serves the repositories below `root` as `https://HOST:port/NAME/.git`; `ca_file` is what vouches for it.

    It waits `delay` seconds before it answers, and sends to `redirect` if that is set. `requests` are those that came:
    method and path, and the headers.
    """

    root: Path
    port: int
    ca_file: Path
    delay: float = 0.0
    redirect: str = ""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def serving(root: Path, host: str) -> Iterator[GitServer]:
    """A server for the repositories below a folder, known by the name of a host."""
    key, certificate = root / "key.pem", root / "certificate.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}"]
    names = ["-addext", f"subjectAltName=DNS:{host}"]
    subprocess.run([*request, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, server)

        def do_POST(self) -> None:
            _answer(self, server)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
        server = GitServer(root=root, port=listener.server_port, ca_file=certificate)
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


def _answer(handler: BaseHTTPRequestHandler, server: GitServer) -> None:
    server.requests.append((f"{handler.command} {handler.path}", dict(handler.headers)))
    body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    time.sleep(server.delay)
    if server.redirect:
        handler.send_response(302)
        handler.send_header("Location", server.redirect + handler.path)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    path, _, query = handler.path.partition("?")
    done = subprocess.run(
        ["git", "http-backend"],
        env={
            **os.environ,
            "GIT_PROJECT_ROOT": os.fspath(server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": handler.command,
            "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
        },
        input=body,
        capture_output=True,
        check=False,
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    fields = [line.partition(": ")[::2] for line in head.decode().split("\r\n")]
    status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
    handler.send_response(status)
    for name, value in fields:
        if name not in ("Status", "Content-Length"):
            handler.send_header(name, value)
    # Without it, GnuTLS minds how a connection ends.
    handler.send_header("Content-Length", str(len(content)))
    with suppress(OSError):  # the client was ended, as a test wants it
        handler.end_headers()
        handler.wfile.write(content)
