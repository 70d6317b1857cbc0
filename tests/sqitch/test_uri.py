"""URIs of projects are stored and hashed, URIs of databases connected to, as Sqitch does."""

from __future__ import annotations

import pytest

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.project_uri import canonical, encode
from pgdocket.sqitch.uri import parse_database_uri


@pytest.mark.parametrize(
    ("text", "stored", "hashed"),
    [
        ("https://example.com", "https://example.com", "https://example.com/"),
        ("https://X.com?A=B", "https://X.com?A=B", "https://x.com?A=B"),
        ("http://x.com:443", "http://x.com:443", "http://x.com:443/"),
        ("HTTPS://x.com:443/", "HTTPS://x.com:443/", "https://x.com/"),
        ("https://U:P@X.com", "https://U:P@X.com", "https://U:P@x.com/"),
        ("http://x.com:/a", "http://x.com:/a", "http://x.com/a"),
        ("https://x.com/a b[c]|é", "https://x.com/a%20b%5Bc%5D%7C%C3%A9", None),
        ("https://x.com/%7ea%2fb%c3", "https://x.com/%7ea%2fb%c3", "https://x.com/~a%2Fb%C3"),
        ("http://[::1]:80/", "http://[::1]:80/", "http://[::1]/"),
        ("http://ü.com/", "http://xn--tda.com/", None),
        ("ssh://git@GitHub.com:22/x", "ssh://git@GitHub.com:22/x", "ssh://git@github.com/x"),
        ("git://GitHub.com/x", "git://GitHub.com/x", None),
        ("git@github.com:foo/bar.git", "git@github.com:foo/bar.git", None),
        ("mailto:A@B.com", "mailto:A@B.com", None),
        ("URN:ISBN:X", "URN:ISBN:X", "urn:isbn:X"),
        ("file:///A/B", "file:///A/B", None),
        ("foo:BAR", "foo:BAR", None),
        ("foo", "foo", None),
        ("<http://a.com/>", "http://a.com/", None),
        ("<URL:http://a.com/>", "http://a.com/", None),
        ('"http://a.com/"', "http://a.com/", None),
    ],
)
def test_project_uris(text: str, stored: str, hashed: str | None) -> None:
    assert encode(text) == stored
    assert canonical(text) == (stored if hashed is None else hashed)


@pytest.mark.parametrize(
    ("text", "conninfo"),
    [
        ("db:pg:", ""),
        ("db:pg:name", "dbname=name"),
        ("pg:name", "dbname=name"),
        ("db:postgres:name", "dbname=name"),
        ("postgresql://h/name", "dbname=name host=h"),
        ("pgsql://u@h/n", "user=u dbname=n host=h"),
        ("db:pg://u:p@h:5433/n", "user=u password=p dbname=n host=h port=5433"),
        ("db:pg://u:p%40w@h/na%20me", "user=u password=p@w dbname='na me' host=h"),
        ("db:pg://u:it's\\@h/n", r"user=u password='it\'s\\' dbname=n host=h"),
        ("db:pg:?service=foo", "service=foo"),
        ("db:pg:///n?sslmode=require&host=/tmp", "dbname=n host=/tmp sslmode=require"),
        ("db:pg://%2Ftmp/n", "dbname=n host=/tmp"),
        ("db:pg://[::1]:5432/n", "dbname=n host=::1 port=5432"),
        ("db:pg://:5433/n", "dbname=n port=5433"),
    ],
)
def test_what_libpq_is_given(text: str, conninfo: str) -> None:
    assert parse_database_uri(text).conninfo() == conninfo


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("db:pg:", "db:pg:root"),
        ("db:pg:name", "db:pg:name"),
        ("db:pg://u:secret@h:5433/x", "db:pg://u:@h:5433/x"),
        ("db:pg://u:secret@h/x?sslmode=require", "db:pg://u:@h/x?sslmode=require"),
        ("postgres://h/x", "db:postgres://h/x"),
        ("db:pg://u@h", "db:pg://u@h/u"),
        ("db:pg://u@h/", "db:pg://u@h/u"),
        ("db:pg:?service=foo", "db:pg:root?service=foo"),
        ("db:pg:///?host=/tmp", "db:pg:root?host=/tmp"),
    ],
)
def test_what_people_are_shown(text: str, shown: str) -> None:
    assert parse_database_uri(text).with_default_database({}, "root").without_password() == shown


def test_the_shown_database_follows_the_environment() -> None:
    uri = parse_database_uri("db:pg:")
    assert str(uri.with_default_database({"PGUSER": "u"}, "root")) == "db:pg:u"
    assert str(uri.with_default_database({"PGDATABASE": "d", "PGUSER": "u"}, "root")) == "db:pg:d"


@pytest.mark.parametrize("text", ["db:mysql:x", "db:foo:x", "db:", "nothing", "sqlite:x.db"])
def test_other_databases_are_refused(text: str) -> None:
    with pytest.raises(SqitchError, match=r"PostgreSQL|No engine specified"):
        parse_database_uri(text)


def test_a_refusal_does_not_show_the_password() -> None:
    with pytest.raises(SqitchError) as caught:
        parse_database_uri("db:mysql://u:secret@h/x")
    assert "secret" not in caught.value.message
