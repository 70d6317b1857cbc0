"""Whatever two documents are, their differences are the patch that makes the one of the other."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from support import soak
from support.databases import Database
from support.races import value
from support.sessions import Connect

KEYS = st.text(alphabet="ab/~0é\"'\\", max_size=3)
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.text(alphabet="ab", max_size=2)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
PATCHED = """
select docket_private.json_patched(
           %(former)s,
           coalesce(
               (select jsonb_agg(
                           jsonb_build_object('op', d.operation, 'path', d.path)
                           || case
                                  when d.operation = 'remove' then '{}'
                                  else jsonb_build_object('value', d.after)
                              end
                           order by d.ordinality)
                  from docket_private.json_differences(%(former)s, %(present)s)
                       with ordinality as d),
               '[]'))
"""
MERGED = "select docket_private.merge_patched(%s, %s)"


def merged(document: Any, patch: Any) -> Any:
    """RFC 7396, as it is written there."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, dict) else {}
    for key, given_value in patch.items():
        if given_value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), given_value)
    return result


def test_differences_are_a_patch_and_merging_is_as_the_rfc_says(
    shared_docket: Database, connect: Connect
) -> None:
    session = connect(shared_docket)

    @settings(
        max_examples=soak.size(100, 5000),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
    )
    @given(former=DOCUMENTS, present=DOCUMENTS)
    def holds(former: Any, present: Any) -> None:
        documents = {"former": Jsonb(former), "present": Jsonb(present)}
        row = session.execute(PATCHED.encode(), documents).fetchone()
        assert row is not None
        assert json.dumps(row[0], sort_keys=True) == json.dumps(present, sort_keys=True)
        found = value(session, MERGED, Jsonb(former), Jsonb(present))
        assert json.dumps(found, sort_keys=True) == json.dumps(
            merged(former, present), sort_keys=True
        )

    holds()
