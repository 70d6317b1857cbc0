-- Every line of a beads file is known for what it is; one that is no JSON object has a place.

begin;
select plan(16);

create function pg_temp.read(content text) returns setof docket_private.beads_line
language sql as $$
    select l.*
      from docket_private.read_beads_file('f', convert_to($1, 'UTF8')) as r
     cross join lateral unnest(r.lines) as l;
$$;

select results_eq(
    $$ select l.n, l.kind, l.issue_id from pg_temp.read(
           '{"_schema": 1}' || e'\n'
           || '{"_type": "issue", "id": "a-1", "title": "A"}' || e'\r\n\n'
           || '{"_type": "memory", "key": "k", "value": "v"}' || e'\n'
           || '{"id": "a-2", "status": "tombstone"}' || e'\n'
           || '{"id": "a-3", "ts": "2026-01-01T00:00:00Z", "reason": "r"}' || e'\n'
           || '{"issue_id": "a-4", "deleted_at": "2026-01-01T00:00:00Z"}' || e'\n'
           || '{"id": "a-5", "type": "epic", "data": {}}' || e'\n'
           || '{"_type": "wisp", "id": "a-6", "title": "W"}' || e'\n') as l $$,
    $$ values (1, 'header', null), (2, 'issue', 'a-1'), (4, 'memory', null),
              (5, 'tombstone', 'a-2'), (6, 'deletion', 'a-3'), (7, 'deletion', null),
              (8, 'other', 'a-5'), (9, 'other', 'a-6') $$,
    'lines are issues, tombstones, deletions, memories, headers, or something else');
select results_eq(
    $$ select l.n, l.kind from pg_temp.read(
           '{"id": "a", "title": "late", "updated_at": "2026-01-02T00:00:00Z"}' || e'\n'
           || '{"id": "a", "title": "early", "updated_at": "2026-01-01T00:00:00Z"}') as l $$,
    $$ values (1, 'issue'), (2, 'repeated') $$,
    'of two with one id, the one that was updated last counts');
select results_eq(
    $$ select l.kind from pg_temp.read(
           '{"id": "a", "title": "A", "updated_at": "2026-01-02T00:00:00Z"}' || e'\n'
           || '{"id": "a", "status": "tombstone", "updated_at": "2026-01-03T00:00:00Z"}') as l $$,
    $$ values ('repeated'), ('tombstone') $$,
    'a later tombstone counts too');
select is(
    (select l.fields from pg_temp.read(
        '{"id": "a", "title": "A", "priority": 1, "notes": "n", "labels": ["x", "y", "x"],'
        || '"description": "", "dependencies": [{"depends_on_id": "b", "type": "blocks"},'
        || '{"depends_on_id": "b", "type": "blocks"}, {"depends_on_id": "c"}, 7]}') as l),
    '{"title": "A", "description": null, "design": null, "acceptance_criteria": null,
      "status": "open", "priority": 1, "assignee": null, "estimated_minutes": null,
      "due_at": null, "defer_until": null, "labels": ["x", "y"],
      "dependencies": [["blocks", "b"], ["blocks", "c"]]}'::jsonb,
    'an issue says what a task does, in its own words');
select is(
    (select l.fields ->> 'title' from pg_temp.read(e'{"id": "a", "title": "x\\u0000y\\ud800"}') as l),
    'xy' || chr(65533), 'what can not be stored is left out of fields');
select is_empty(
    $$ select from pg_temp.read(e'\n \n') $$,
    'empty lines are nothing');
select is(
    (select count(*) from docket_private.read_beads_file('f', '\xefbbbf7b7d') as r
      cross join lateral unnest(r.lines)),
    1::bigint, 'a byte order mark is no part of the first line');

-- A bad line refuses all, with its place.
select throws_ok(
    $$ select pg_temp.read('{"id": "a", "title": "A"}' || e'\n' || '{"id": "b", "title": }') $$,
    'PD422', 'f, line 2, column 22: a line of a beads file is one JSON object, and here it stops being one',
    'a line that is no JSON is named by line and column');
select throws_ok(
    $$ select pg_temp.read(e'{"id": "a"}\n[1]\n') $$,
    'PD422', 'f, line 2, column 1: a line of a beads file is one JSON object, and this is none',
    'a line that is no object is refused');
select throws_ok(
    $$ select pg_temp.read(e'{"id": "a"}\n<<<<<<< HEAD\n{"id": "b"}\n=======\n') $$,
    'PD422', 'f, line 2, column 1: a conflict of a merge is not resolved',
    'the marks of a conflict are called what they are');
select throws_ok(
    $$ select * from docket_private.read_beads_file('f', '\x7b7d0aff') $$,
    'PD422', 'f, line 2, column 1: the byte 0xFF is not valid UTF-8 here',
    'bytes that are no UTF-8 are refused');

-- Words and back.
select is_empty(
    $$ select w.word
         from unnest(array['open', 'in_progress', 'blocked', 'deferred', 'closed']) as w (word)
        where docket_private.bead_status(docket_private.known_bead_status(w.word)) <> w.word $$,
    'the statuses that both have come back');
select is_empty(
    $$ select p.n
         from generate_series(0, 4) as p (n)
        where docket_private.bead_priority(
                  docket_private.known_bead_priority(to_jsonb(p.n))) <> p.n $$,
    'and so do priorities');
select is(docket_private.known_bead_priority('160'), null::smallint, 'others are not known');
select is(docket_private.known_bead_dependency('tracks'), 'related',
          'a type that is none here is related');
select is(docket_private.short_title(repeat('x', 256), 'id'), repeat('x', 254) || '…',
          'a title has 255 characters');

select * from finish();
rollback;
