"""JSON Schema in the database, by the official tests of draft 2020-12 where they are at hand.

PGDOCKET_JSON_SCHEMA_SUITE names the folder tests/draft2020-12 of the suite. Its files are part of
the source distribution of the package jsonschema: pip download --no-deps --no-binary jsonschema
jsonschema
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from support.catalog import nothing
from support.databases import Database
from support.sessions import Connect

SUITE = os.environ.get("PGDOCKET_JSON_SCHEMA_SUITE")
# What is refused at registration, with all its tests, and what JSON it is that jsonb can't hold.
UNSUPPORTED = {
    "anchor", "defs", "dynamicRef", "refRemote", "unevaluatedItems", "unevaluatedProperties",
    "vocabulary",
}  # fmt: skip
NOT_JSONB = "22P05"


# Not skipped but absent: nobody has to have the suite.
if SUITE is not None:

    def test_what_is_judged_is_judged_as_the_official_tests_say(
        shared_docket: Database, connect: Connect, capsys: pytest.CaptureFixture[str]
    ) -> None:
        session = connect(shared_docket)
        counted: Counter[str] = Counter()
        wrong = []
        for path in sorted(Path(SUITE or "").glob("*.json")):
            for group in json.loads(path.read_text()):
                for case in group["tests"]:
                    try:
                        errors = session.execute(
                            "select * from docket.validate_json(%s, %s)",
                            (Jsonb(group["schema"]), Jsonb(case["data"])),
                        ).fetchall()
                    except psycopg.Error as error:
                        if error.sqlstate not in {"PD422", NOT_JSONB}:
                            raise
                        counted["refused"] += 1
                        continue
                    counted["judged"] += 1
                    if (errors == []) is not case["valid"]:
                        wrong.append(f"{path.stem}: {group['description']}: {case['description']}")
                    assert path.stem not in UNSUPPORTED, f"{path.stem} is not refused"
        rate = f"{counted['judged'] - len(wrong)} of {counted['judged']}"
        with capsys.disabled():
            sys.stdout.write(f"JSON Schema: {rate} judged right, {counted['refused']} refused\n")
        nothing(wrong)
        assert counted["judged"] > 900
