"""Settings of the docket from the shell, and what the environment says of contexts."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.clients import Run, RunJson


def test_settings_are_shown_and_changed(shop: RunJson, run: Run) -> None:
    keys = [row["setting_key"] for row in shop("settings")]
    assert keys == sorted(keys)
    assert {"lease_seconds", "max_context_bytes"} <= set(keys)
    assert [row["value"] for row in shop("settings", "lease_seconds", "600")] == [600]
    shown = run("settings", "claim_order", "oldest")
    assert shown.output.splitlines()[1].split()[:2] == ["claim_order", '"oldest"']
    assert [row["value"] for row in shop("settings", "claim_order")] == ["oldest"]
    for given, code in (("nothing", 4), ("lease_seconds ten", 3), ("x --from-env", 3)):
        assert run("settings", *given.split()).exit_code == code


def test_the_environment_is_taken_over_when_it_is_asked_for(
    shop: RunJson, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nothing = run("settings", "--from-env")
    assert nothing.exit_code == 0
    assert "says nothing of contexts" in nothing.output

    # A client alone refuses what it would send.
    large = tmp_path / "large"
    large.write_bytes(b"x" * 2048)
    put = ("context", "put", "shop-1", "log", f"@{large}", "--content-type", "text/plain")
    monkeypatch.setenv("MAX_CONTEXT_SIZE_MB", "0.001")
    refused = run(*put)
    assert refused.exit_code == 10
    assert "a context of 2048 bytes" in refused.output
    assert "MAX_CONTEXT_SIZE_MB" in refused.output
    monkeypatch.delenv("MAX_CONTEXT_SIZE_MB")
    assert run(*put).exit_code == 0

    # And everybody's when an operator has taken it over.
    monkeypatch.setenv("MAX_CONTEXT_SIZE_MB", "0.001")
    monkeypatch.setenv("ENABLE_CONTEXT_COMPRESSION", "false")
    taken = {row["setting_key"]: row["value"] for row in shop("settings", "--from-env")}
    assert taken == {"max_context_bytes": 1048, "context_compression": "none"}
    monkeypatch.delenv("MAX_CONTEXT_SIZE_MB")
    large.write_bytes(b"y" * 2048)
    assert "setting max_context_bytes" in run(*put).output
    monkeypatch.setenv("ENABLE_CONTEXT_COMPRESSION", "true")
    (row,) = shop("settings", "--from-env")
    assert row["value"] in {"lz4", "pglz"}
    for name, value in (("MAX_CONTEXT_SIZE_MB", "much"), ("ENABLE_CONTEXT_COMPRESSION", "perhaps")):
        monkeypatch.setenv(name, value)
        assert run("settings", "--from-env").exit_code == 3
        monkeypatch.delenv(name)
