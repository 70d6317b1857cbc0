"""Access from the shell: given, listed, taken."""

from __future__ import annotations

from collections.abc import Callable

from support.clients import Run, RunJson


def test_access_is_given_listed_and_taken(
    shop: RunJson, run: Run, new_role: Callable[..., str]
) -> None:
    anna = new_role("docket_app")
    given = run("access", "grant", anna, "writer")
    assert given.output == f"{anna} is writer of the project\n"
    everywhere = shop("access", "grant", "bot", "reader", "--organization")
    assert everywhere["project_id"] is None
    listed = shop("access", "list")
    assert [(each["principal"], each["access"], each["to"]) for each in listed] == [
        ("postgres", "admin", "the organization"),
        (anna, "writer", "shop"),
        ("bot", "reader", "the organization"),
    ]
    refused = run("access", "grant", anna, "owner")
    assert refused.exit_code == 3
    assert "Known are: reader, writer, admin." in refused.stderr
    assert run("access", "grant", "postgres", "admin").exit_code == 13
    assert run("access", "revoke", anna).stdout == f"{anna} was writer of the project\n"
    assert run("access", "revoke", anna).exit_code == 4
    assert shop("access", "revoke", "bot", "--organization")["access"] == "reader"
    assert "shop" not in run("access", "list").stdout
