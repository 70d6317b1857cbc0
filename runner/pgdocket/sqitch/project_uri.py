"""The URI of a project, as the registry stores it and as ids hash it.

Both follow Perl's URI module, which Sqitch reads it with.
"""

from __future__ import annotations

import re

_WRAPPED = re.compile(r"\A<(?:URL:)?(.*)>\Z", re.DOTALL)
_FOREIGN = re.compile(r"[^A-Za-z0-9_.!~*'();/?:@&=+$,%#-]")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9.+-]*):(.*)\Z", re.DOTALL)
_SERVER = re.compile(r"//([^/?#]*)(.*)\Z", re.DOTALL)
_HOST = re.compile(r"(\A[^/?#]*//(?:[^/?#]*@)?)(\[[0-9A-Fa-f:.]+\]|[^/?#:@\[\]]*)")
_URN = re.compile(r"([A-Za-z0-9-]+):")
_PORT = re.compile(r":(\d*)\Z")
_HTTP_LIKE = frozenset({"http", "https", "rtsp", "rtspu", "mms"})
_DEFAULT_PORTS = {
    "ftp": "21",
    "gopher": "70",
    "http": "80",
    "https": "443",
    "ldap": "389",
    "ldaps": "636",
    "mms": "1755",
    "news": "119",
    "nntp": "119",
    "nntps": "563",
    "pop": "110",
    "rlogin": "513",
    "rsync": "873",
    "rtsp": "554",
    "rtspu": "554",
    "sftp": "22",
    "snews": "563",
    "ssh": "22",
    "telnet": "23",
    "tn3270": "23",
}


def encode(text: str) -> str:
    """The URI as the registry stores it: wrapping removed, foreign characters percent-encoded."""
    text = text.strip().strip('"').strip()
    wrapped = _WRAPPED.match(text)
    if wrapped is not None:
        text = wrapped[1]
    server = _HOST.match(text)
    if server is None:
        return _encode_foreign(text)
    scheme = server[1].partition(":")[0].lower()
    host = _encode_host(scheme, server[2])
    return f"{_encode_foreign(server[1])}{host}{_encode_foreign(text[server.end() :])}"


def canonical(text: str) -> str:
    """The URI as ids hash it."""
    encoded = encode(text)
    match = _SCHEME.match(encoded)
    if match is None:
        return _normalize_escapes(encoded)
    scheme, rest = match[1].lower(), _normalize_escapes(match[2])
    if scheme in _DEFAULT_PORTS:
        rest = _canonical_server(scheme, rest)
    elif scheme == "urn":
        rest = _URN.sub(lambda namespace: namespace[0].lower(), rest, count=1)
    elif scheme == "file":
        rest = rest.replace("//localhost/", "///", 1)
    return f"{scheme}:{rest}"


def _encode_foreign(text: str) -> str:
    return _FOREIGN.sub(_percent_encode, text)


def _percent_encode(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def _encode_label(label: str) -> str:
    """A label of a host's name as DNS holds it; Perl's URI lower-cases it and maps nothing else."""
    label = label if label.isascii() else label.lower()
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def _encode_host(scheme: str, host: str) -> str:
    if host.startswith("["):
        return host
    if not host.isascii() and scheme in _DEFAULT_PORTS:
        labels = [_encode_label(label) for label in host.split(".")]
        if all(0 < len(label) < 64 for label in labels[:-1] or labels):
            return ".".join(labels)
        # No name that DNS could hold is encoded like everything else.
    return _encode_foreign(host)


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
    if port is not None and port[1] in ("", _DEFAULT_PORTS[scheme]):
        host = host[: port.start()]
    path = match[2]
    if scheme in _HTTP_LIKE and path[:1] in ("", "#"):
        path = f"/{path}"
    return f"//{userinfo}{at}{_normalize_escapes(host.lower())}{path}"
