"""Serving the sandbox over HTTP, on the loopback interface only."""

from __future__ import annotations

import logging
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

from mixpanel_nb.errors import ConfigError
from mixpanel_nb.sandbox.app import SandboxApp, create_app
from mixpanel_nb.sandbox.store import Dataset

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}
_LARGEST_REQUEST = 16 * 1024 * 1024
_LOOP_SECONDS = 1.0
_SHUTDOWN_SECONDS = 2.0
DEFAULT_PORT = 8765


def serve(
    app: SandboxApp,
    *,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    on_listening: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted (Ctrl-C returns normally).

    Args:
        app: From ``create_app``.
        host: ``127.0.0.1``, ``localhost`` or ``::1``.
        port: 0 picks a free one.
        on_listening: Called with the base URL once connections are accepted.

    Raises:
        ConfigError: The host is not a loopback one, or the port is not free.
    """
    sockets: dict[int, Any] = {}
    server = _listening(app, host, port, sockets)
    try:
        if on_listening:
            on_listening(_url(server))
        server.run()
    except KeyboardInterrupt:
        pass  # in on_listening; while running, waitress takes it for the wish to stop
    finally:
        app.faults.release()
        _stop(server, sockets)


class SandboxServer:
    """A sandbox on a thread of its own, for tests and notebooks; a context manager.

    Args:
        source: A data set, or an app made by ``create_app``.
        port: 0 picks a free one.
        rate_limits: Enforce quotas, where ``source`` is a data set.

    Attributes:
        app: The app that answers.
        url: Base URL, for ``MP_API_BASE_URL``.
        requests: One line per request so far: method, path with parameters, status.

    Raises:
        ConfigError: The port is not free.
    """

    def __init__(self, source: Dataset | SandboxApp, port: int = 0, *, rate_limits: bool = False) -> None:
        self.app = create_app(source, rate_limits=rate_limits) if isinstance(source, Dataset) else source
        self.requests: list[str] = []
        self.app.add_log(self.requests.append)
        self._sockets: dict[int, Any] = {}
        self._server = _listening(self.app, "127.0.0.1", port, self._sockets)
        self.url = _url(self._server)
        self._closing = False
        self._stopping, self._started = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="mixpanel-sandbox", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving and drop all connections; may be called again."""
        if not self._closing:
            self._closing = True
            self.app.faults.release()
            # Another pull may let the thread know before this one is through, so it waits for that.
            self._server.trigger.pull_trigger(self._stopping.set)
            self._started.set()
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        from waitress import wasyncore

        while not self._stopping.is_set():
            wasyncore.loop(timeout=_LOOP_SECONDS, map=self._sockets, count=1, use_poll=True)
        self._started.wait()
        _stop(self._server, self._sockets)


def _listening(app: SandboxApp, host: str, port: int, sockets: dict[int, Any]) -> Any:
    """A waitress server whose sockets are kept in ``sockets``."""
    from waitress.server import create_server

    from mixpanel_nb.sandbox.slow_clients import MOST_CONNECTIONS, Channel, Threads

    # That requests wait for a moment is no news for a terminal.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(
        app,
        map=sockets,
        sockets=[_bound(host, port)],
        _dispatcher=Threads(),
        connection_limit=10 * MOST_CONNECTIONS,  # `Channel` keeps to fewer, and never stops accepting
        ident="mixpanel-nb-sandbox",
        max_request_body_size=_LARGEST_REQUEST,
        asyncore_use_poll=True,
        log_socket_errors=False,  # connections cut on purpose are none of the terminal's business
        clear_untrusted_proxy_headers=True,
    )
    server.channel_class = Channel
    return server


def _bound(host: str, port: int) -> socket.socket:
    """A listening socket; waitress itself would leave one open, and threads, where the port is taken."""
    if host not in _LOOPBACK:
        raise ConfigError(
            f"The sandbox listens on the loopback interface only, not on {host!r}.",
            hint=f"Use one of: {', '.join(_LOOPBACK)}.",
        )
    address = _LOOPBACK[host]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        hint = "Use port 0 to have a free one picked."
        raise ConfigError(f"Port {port} cannot be used: {error.strerror}.", hint=hint) from None


def _url(server: Any) -> str:
    host = server.effective_host
    return f"http://{f'[{host}]' if ':' in host else host}:{server.effective_port}"


def _stop(server: Any, sockets: dict[int, Any]) -> None:
    """Drop the clients first, which ends the writing of answers, then the threads, then the rest."""
    from waitress import wasyncore

    for channel in list(server.active_channels.values()):
        channel.handle_close()
    server.task_dispatcher.shutdown(timeout=_SHUTDOWN_SECONDS)
    wasyncore.close_all(sockets, ignore_all=True)
