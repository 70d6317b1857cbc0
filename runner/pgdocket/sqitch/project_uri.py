"""The URI of a project, as the registry stores it and as ids hash it."""

from __future__ import annotations

import re

_WRAPPED = re.compile(r"\A<(?:URL:)?(.*)>\Z", re.DOTALL)
_FOREIGN = re.compile(r"[^A-Za-z0-9_.!~*'();/?:@&=+$,%#-]")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9.+-]*):(.*)\Z", re.DOTALL)
_SERVER = re.compile(r"//([^/?#]*)(.*)\Z", re.DOTALL)
_PORT = re.compile(r":(\d*)\Z")
DEFAULT_PORTS = {
    "http": "80",
    "https": "443",
    "ftp": "21",
    "ssh": "22",
    "sftp": "22",
    "rsync": "873",
    "ldap": "389",
}


def encode(text: str) -> str:
    """The URI as the registry stores it: wrapping removed, foreign characters percent-encoded."""
    text = text.strip().strip('"').strip()
    wrapped = _WRAPPED.match(text)
    if wrapped is not None:
        text = wrapped[1]
    return _FOREIGN.sub(_percent_encode, text)


def canonical(text: str) -> str:
    """The URI as ids hash it."""
    encoded = encode(text)
    match = _SCHEME.match(encoded)
    if match is None:
        return _normalize_escapes(encoded)
    scheme, rest = match[1].lower(), _normalize_escapes(match[2])
    if scheme in DEFAULT_PORTS:
        rest = _canonical_server(scheme, rest)
    elif scheme == "urn":
        namespace, colon, specific = rest.partition(":")
        rest = f"{namespace.lower()}{colon}{specific}"
    return f"{scheme}:{rest}"


def _percent_encode(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def _normalize_escapes(text: str) -> str:
    return _ESCAPE.sub(_normalize_escape, text)


def _normalize_escape(match: re.Match[str]) -> str:
    value = int(match[1], 16)
    return chr(value) if value in _UNRESERVED else match[0].upper()


def _canonical_server(scheme: str, rest: str) -> str:
    match = _SERVER.match(rest)
    if match is None:
        return rest
    userinfo, at, host = match[1].rpartition("@")
    port = _PORT.search(host)
    if port is not None and port[1] in ("", DEFAULT_PORTS[scheme]):
        host = host[: port.start()]
    path = match[2]
    if not path and scheme in ("http", "https"):
        path = "/"
    return f"//{userinfo}{at}{host.lower()}{path}"
