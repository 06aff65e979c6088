"""Proxies, certificates and hosts that cannot be used: one line that names the variable, never its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mixpanel_nb.errors import ConnectionFailedError

if TYPE_CHECKING:
    from .conftest import ClientFactory

PASSWORD = "pr0xy-passw0rd"
HTTPS = "https://127.0.0.1.invalid"  # a name, though it begins as an address
NAMES = [
    name
    for upper in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
    for name in (upper, upper.lower())
]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"ALL_PROXY": f"socks5://u:{PASSWORD}@127.0.0.1:1"}, "ALL_PROXY names a SOCKS proxy"),
        ({"HTTPS_PROXY": f"foo://u:{PASSWORD}@h:1"}, "HTTPS_PROXY cannot be understood"),
        ({"https_proxy": f"http://u:{PASSWORD}@[::1"}, "HTTPS_PROXY cannot be understood"),
        ({"HTTPS_PROXY": f"http://u:{PASSWORD}@x\x01y:9"}, "HTTPS_PROXY cannot be understood"),
        (
            {"HTTPS_PROXY": f"http://u:{PASSWORD}@127.0.0.1:1", "NO_PROXY": "a:b:c"},
            "HTTPS_PROXY or NO_PROXY cannot be understood",
        ),
        ({"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "[::1"}, "NO_PROXY cannot be understood"),
        ({"HTTPS_PROXY": f"http://u:{PASSWORD}@a..b:1"}, "the address is not valid"),
        ({"SSL_CERT_FILE": "/nope"}, "SSL_CERT_FILE cannot be used for HTTPS: No such file"),
        (
            {"SSL_CERT_FILE": "/etc/passwd"},
            "it holds no certificates",
        ),
        ({"SSL_CERT_FILE": "/tmp"}, "SSL_CERT_FILE cannot be used for HTTPS: Is a directory"),
        ({"SSLKEYLOGFILE": "/nope/x"}, "SSLKEYLOGFILE cannot be used for HTTPS: No such file"),
    ],
    ids=str,
)
def test_a_variable_that_cannot_be_used_is_named(
    client_for: ClientFactory, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], says: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConnectionFailedError, match=says) as caught:
        client_for(HTTPS, max_retries=0).me()
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(caught.value.to_dict())
    assert caught.value.__context__ is None


@pytest.mark.parametrize("host", ["a..b", ".a", f"{'a' * 70}.b", "xn--a", "aé..b"])
def test_a_host_that_cannot_be_one_is_an_error_of_ours(client_for: ClientFactory, host: str) -> None:
    with pytest.raises(ConnectionFailedError, match="the address is not valid"):
        client_for(f"https://{host}", max_retries=0).me()


def test_loopback_needs_no_environment(client_for: ClientFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    from .servers import Reply, serving

    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("SSL_CERT_FILE", "/nope")
    with serving(Reply(body=b'{"results": {}}')) as server:
        assert client_for(server).me() == {}
