"""Environment variables that the HTTP library cannot use: proxies and certificate files."""

from __future__ import annotations

import os
from ssl import SSLError

from mixpanel_nb.errors import ConnectionFailedError

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
TLS_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def unusable_environment(error: Exception) -> ConnectionFailedError:
    """The error for an unusable environment; it contains the variables' names, not their values."""
    if isinstance(error, OSError):  # SSLError too
        reason = "it holds no certificates" if isinstance(error, SSLError) else error.strerror
        message = f"{_set(TLS_FILES)} cannot be used for HTTPS: {reason}."
        return ConnectionFailedError(message, hint="Name a file with certificates in PEM form, or unset it.")
    if isinstance(error, ImportError):
        message = f"{_set(_PROXIES)} names a SOCKS proxy, which needs the package socksio."
        return ConnectionFailedError(message, hint="Install it: pip install 'httpx[socks]'")
    message = f"{_set(_PROXIES)} cannot be understood."
    hint = "A proxy looks like http://host:port; NO_PROXY is a list of hosts, separated by commas."
    return ConnectionFailedError(message, hint=hint)


def _set(names: tuple[str, ...]) -> str:
    """Those of the variables that are set, as the subject of a sentence."""
    found = [name for name in names if os.environ.get(name) or os.environ.get(name.lower())]
    return " or ".join(found) or "A proxy of this system"
