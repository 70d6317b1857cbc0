-- What tools found is one row for each thing, which keeps its identity from run to run.

begin;
select plan(42);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.create_task(docket_test.project_id(), 'Another', task_key => 'b');

-- Findings as any validator tells them.
create function pg_temp.run(findings jsonb, is_partial boolean default false)
returns docket.validation_results
language sql
as $$
    select r.*
      from docket.record_findings(
               docket_test.id('a'), 'style', run.findings, 'linter',
               is_partial => run.is_partial) as r;
$$;

create function pg_temp.states() returns text
language sql
as $$
    select string_agg(f.message || ' ' || f.state, ', ' order by f.message)
      from docket.list_findings(docket_test.project_id(), docket_test.id('a'), 'style') as f;
$$;

select results_eq(
    $$ select r.validation_status::text, r.validator_name, r.run_no, r.issues_found,
              r.issues_major, r.issues_minor, r.issues_new, r.issues_fixed
         from pg_temp.run('[{"severity": "major", "message": "x", "path": "a.py", "start_line": 3},
                            {"severity": "minor", "message": "y"},
                            {"severity": "info", "message": "z"}]') as r $$,
    $$ values ('failed', 'linter', 1, 3, 1, 1, 3, 0) $$,
    'what was found is counted by severity, and a major one fails');
select is(pg_temp.states(), 'x new, y new, z new', 'all of it is new');
select results_eq(
    $$ select r.validation_status::text, r.issues_new, r.issues_unchanged, r.issues_reopened,
              r.issues_fixed
         from pg_temp.run('[{"severity": "minor", "message": "y"},
                            {"severity": "minor", "message": "y"},
                            {"severity": "info", "message": "z"}]') as r $$,
    $$ values ('warning', 1, 2, 0, 1) $$,
    'what is gone is fixed, and the same twice is two; a minor one is a warning');
select is(pg_temp.states(), 'x fixed, y unchanged, y new, z unchanged', 'each has its state');
create temporary table before as select f.* from docket.validation_findings as f;
select results_eq(
    $$ select r.issues_new, r.issues_unchanged, r.issues_reopened, r.issues_fixed
         from pg_temp.run('[{"severity": "major", "message": "x", "path": "a.py", "start_line": 9},
                            {"severity": "minor", "message": "y"},
                            {"severity": "info", "message": "z"}]') as r $$,
    $$ values (0, 2, 1, 1) $$,
    'what comes back is reopened, on whatever line');
select is(pg_temp.states(), 'x reopened, y unchanged, y fixed, z unchanged', 'and is the same row');
select results_eq(
    $$ select f.start_line, f.first_run_no, f.opened_run_no, f.fixed_run_no, f.times_reopened,
              f.finding_id = b.finding_id
         from docket.validation_findings as f
         join before as b using (fingerprint, task_id)
        where f.message = 'x' $$,
    $$ values (9, 1, 3, null::integer, 1, true) $$,
    'its line is the newest, its id the first');
select is(
    (select count(*)
       from docket.validation_findings as f
       join before as b using (finding_id)
      where f.message in ('y', 'z')
        and f.version = b.version
        and f.fixed_run_no is null), 2::bigint,
    'what did not change was not written');
select results_eq(
    $$ select r.validation_status::text, r.issues_unchanged, r.issues_fixed
         from pg_temp.run('[{"severity": "info", "message": "z"}]', true) as r $$,
    $$ values ('passed', 1, 0) $$,
    'who looked at a part has fixed nothing, and info passes');
select is(
    (select count(*)
       from docket.list_findings(docket_test.project_id(), state => 'open')), 3::bigint,
    'what is open can be asked for');
select results_eq(
    $$ select f.message
         from docket.list_findings(
                  docket_test.project_id(), severity => 'major', path => 'a.py') as f $$,
    array['x'], 'by severity and file');
select is(
    (select (docket.record_findings(docket_test.id('a'), 'style', '[]', 'other')).issues_fixed), 0,
    'another validator fixes nothing of this one''s');
select is(
    (select r.validation_status::text
       from docket.record_findings(
                docket_test.id('b'), 'style', '[{"severity": "major", "message": "x"}]',
                fails_from => 'critical') as r), 'warning',
    'from which severity on it fails can be said');
select is(
    (select count(distinct r.validation_result_id)
       from generate_series(1, 2)
      cross join lateral docket.record_findings(
                docket_test.id('b'), 'twice', '[]',
                request_id => '00000000-0000-4000-8000-000000000001') as r), 1::bigint,
    'the same request twice is answered once');
select throws_ok(
    format('select docket.record_findings(docket_test.id(''a''), ''style'', %L)', w.findings),
    'PD422', w.message, w.message)
  from (values ('{}', 'findings is not a JSON array'),
               ('[{"severity": "major"}]', 'finding number 1 has no message'),
               ('[{"message": "x", "severity": "bad"}]',
                'finding number 1 has no severity that is critical, major, minor or info'),
               ('[{"message": "x", "severity": "info", "line": 1}]',
                'finding number 1 has a field line that findings do not have'),
               ('[{"message": "x", "severity": "info", "start_line": -1}]',
                'findings are refused: lines and columns are not negative'))
       as w (findings, message);
select throws_ok(
    $$ select docket.record_findings(docket_test.id('a'), 'style', '[]', fails_from => 'bad') $$,
    'PD422', '''bad'' is no severity of a finding', 'an unknown severity to fail from');
select throws_ok(
    $$ select docket.record_findings(gen_random_uuid(), 'style', '[]') $$,
    'PD404', null, 'the task exists');

-- SARIF: one tool of which each result shows one rule of the specification.
create temporary table sarif (document jsonb);
insert into sarif values ($json$ {"version": "2.1.0", "runs": [{
  "tool": {"driver": {"name": "Acme Lint", "version": "7.1", "rules": [
    {"id": "A1", "defaultConfiguration": {"level": "error"}, "helpUri": "https://acme/A1",
     "messageStrings": {"default": {"text": "{0} is used, not {1}"}}},
    {"id": "A2", "defaultConfiguration": {"level": "error"}},
    {"id": "A3", "properties": {"security-severity": "4.2"}}]},
   "extensions": [{"name": "more", "rules": [
    {"id": "X", "defaultConfiguration": {"level": "note"}}]}]},
  "invocations": [{"executionSuccessful": true, "startTimeUtc": "2026-01-01T08:00:00Z",
    "endTimeUtc": "2026-01-01T08:00:02Z",
    "ruleConfigurationOverrides": [
      {"descriptor": {"id": "A2"}, "configuration": {"level": "note"}}]}],
  "artifacts": [{"location": {"uri": "src/by-index.py"}}],
  "results": [
    {"ruleIndex": 0, "message": {"id": "default", "arguments": ["one", "two"]},
     "locations": [{"physicalLocation": {"artifactLocation": {"uri": "file:///w/src/a.py"},
                    "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9,
                               "snippet": {"text": "one()"}}}}]},
    {"ruleId": "A2", "message": {"text": "overridden"},
     "locations": [{"physicalLocation": {"artifactLocation": {"index": 0}}}]},
    {"ruleId": "A3", "level": "error", "message": {"text": "scored"}},
    {"ruleId": "X", "message": {"text": "of an extension"}},
    {"ruleId": "A1/sub", "message": {"text": "below a rule"}},
    {"ruleId": "none", "message": {"text": "of no rule"}},
    {"ruleId": "A1", "level": "warning", "message": {"text": "its own level"},
     "fingerprints": {"acme/v1": "old", "acme/v2": "new"}},
    {"ruleId": "A1", "message": {"text": "in part"}, "partialFingerprints": {"hash/v1": "ff"}},
    {"ruleId": "A1", "message": {"text": "let be"}, "suppressions": [{"kind": "inSource"}]},
    {"ruleId": "A1", "message": {"text": "asked for"},
     "suppressions": [{"kind": "external", "status": "underReview"}]},
    {"ruleId": "A1", "kind": "review", "message": {"text": "to be looked at"}},
    {"ruleId": "A1", "kind": "pass", "message": {"text": "good"}},
    {"ruleId": "A1", "baselineState": "absent", "message": {"text": "gone"}}]}]} $json$);

select results_eq(
    $$ select r.validation_type::text, r.validation_status::text, r.validator_name, r.issues_found,
              r.issues_critical, r.issues_major, r.issues_minor, r.issues_new,
              r.execution_time_ms, r.details #>> '{tools,0,version}'
         from sarif as s
        cross join lateral docket.ingest_sarif(
                  docket_test.id('b'), s.document, root => '/w') as r $$,
    $$ values ('acme-lint', 'failed', 'Acme Lint', 10, 4, 2, 3, 11, 2000::bigint, '7.1') $$,
    'a tool is a type of its own, and what is suppressed is not counted');
select results_eq(
    $$ select f.message, f.severity::text
         from docket.list_findings(
                  docket_test.project_id(), docket_test.id('b'), 'acme-lint') as f $$,
    $$ values ('one is used, not two', 'critical'), ('overridden', 'minor'), ('scored', 'minor'),
              ('of an extension', 'minor'), ('below a rule', 'critical'), ('of no rule', 'major'),
              ('its own level', 'major'), ('in part', 'critical'), ('let be', 'critical'),
              ('asked for', 'critical'), ('to be looked at', 'info') $$,
    'levels are those of result, configuration and rule, in this order');
select results_eq(
    $$ select f.rule_id, f.path, f.start_line, f.start_column, f.end_line, f.end_column, f.help_url,
              f.details ->> 'snippet'
         from docket.list_findings(docket_test.project_id(), docket_test.id('b'), 'acme-lint') as f
        limit 1 $$,
    $$ values ('A1', 'src/a.py', 3, 5, 3, 9, 'https://acme/A1', 'one()') $$,
    'its place is relative to the root');
select results_eq(
    $$ select f.message, f.path, f.fingerprint_source, f.is_suppressed
         from docket.validation_findings as f
        where f.message in ('overridden', 'its own level', 'in part', 'let be')
        order by f.finding_id $$,
    $$ values ('overridden', 'src/by-index.py', 'computed', false),
              ('its own level', null, 'tool', false), ('in part', null, 'partial', false),
              ('let be', null, 'computed', true) $$,
    'files by index, fingerprints, suppressions');
select is(
    (select f.fingerprint from docket.validation_findings as f where f.message = 'its own level'),
    'acme/v2=new', 'the highest version of a fingerprint counts');

-- The next run: a line further down, and without some.
select results_eq(
    $$ select r.issues_new, r.issues_unchanged, r.issues_fixed, r.validation_status::text
         from sarif as s
        cross join lateral docket.ingest_sarif(
                  docket_test.id('b'),
                  jsonb_set(
                      s.document #- '{runs,0,results,5}',
                      '{runs,0,results,0,locations,0,physicalLocation,region,startLine}', '30'),
                  root => '/w') as r $$,
    $$ values (0, 10, 1, 'failed') $$,
    'a finding is the same wherever its line has gone');
select results_eq(
    $$ select r.validation_status::text, r.issues_fixed, r.issues_unchanged
         from sarif as s
        cross join lateral docket.ingest_sarif(
                  docket_test.id('b'),
                  jsonb_set(jsonb_set(s.document, '{runs,0,results}', '[]'),
                            '{runs,0,invocations,0,executionSuccessful}', 'false')) as r $$,
    $$ values ('error', 0, 0) $$,
    'a tool that broke has fixed nothing');
select results_eq(
    $$ select r.validation_status::text, r.issues_fixed
         from sarif as s
        cross join lateral docket.ingest_sarif(
                  docket_test.id('b'), s.document #- '{runs,0,results}') as r $$,
    $$ values ('skipped', 0) $$,
    'nor one that did not look');
select results_eq(
    $$ select r.validation_status::text, r.issues_fixed
         from sarif as s
        cross join lateral docket.ingest_sarif(
                  docket_test.id('b'), jsonb_set(s.document, '{runs,0,results}', '[]')) as r $$,
    $$ values ('passed', 10) $$,
    'one that looked and found nothing has');
select results_eq(
    $$ select r.validation_type::text, r.validator_name, r.issues_found
         from docket.ingest_sarif(
                  docket_test.id('b'),
                  '{"version": "2.1.0", "runs": [
                      {"tool": {"driver": {"name": "One"}},
                       "results": [{"message": {"text": "m"}}]},
                      {"tool": {"driver": {"name": "Two"}},
                       "results": [{"message": {"text": "m"}}]}]}',
                  'Security') as r $$,
    $$ values ('security', 'One, Two', 2) $$,
    'runs of one type are one result');
select throws_ok(
    format('select docket.ingest_sarif(docket_test.id(''b''), %L)', w.document), 'PD422', w.message,
    w.what)
  from (values ('[]', 'this is no SARIF 2.1.0', 'an array'),
               ('{"version": "1.0.0", "runs": []}', 'this is no SARIF 2.1.0', 'an old version'),
               ('{"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]}',
                'this is no SARIF 2.1.0', 'a run of no tool'),
               ('{"version": "2.1.0", "runs": []}', 'the document has no runs', 'no runs'),
               ('{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}},
                  "results": [{"message": {"text": "m"}, "locations": [{"physicalLocation":
                  {"region": {"startLine": "x"}}}]}]}]}',
                'the SARIF document is refused: invalid input syntax for type integer: "x"',
                'a line that is no number')) as w (document, message, what);

-- JUnit.
create temporary table junit (report jsonb);
insert into junit values ($json$ {"suites": [
  {"name": "all", "timestamp": "2026-01-01T08:00:00+00:00", "cases": [
     {"classname": "t.A", "name": "good", "time": 0.5},
     {"classname": "t.A", "name": "bad", "time": 0.25, "file": "t.py", "line": 7,
      "failure": {"message": "1 is not 2", "type": "AssertionError", "text": "trace"}},
     {"classname": "t.A", "name": "left out", "skipped": {}}],
   "suites": [{"name": "inner", "cases": [
     {"classname": "t.A", "name": "bad", "error": {"text": "no database\nmore"}}]}]}]} $json$);
select results_eq(
    $$ select r.validation_type::text, r.validation_status::text, r.score, r.max_score,
              r.issues_found, r.issues_critical, r.issues_major, r.execution_time_ms,
              r.details - 'format'
         from junit as j
        cross join lateral docket.ingest_junit(docket_test.id('a'), j.report) as r $$,
    $$ values ('tests', 'failed', 1::numeric, 3::numeric, 2, 1, 1, 750::bigint,
               '{"tests": 4, "passed": 1, "failures": 1, "errors": 1, "skipped": 1}'::jsonb) $$,
    'tests are counted, those of suites within suites too');
select results_eq(
    $$ select f.rule_id, f.message, f.severity::text, f.path, f.start_line
         from docket.list_findings(docket_test.project_id(), docket_test.id('a'), 'tests') as f $$,
    $$ values ('t.A.bad', '1 is not 2', 'major', 't.py', 7),
              ('t.A.bad', 'no database', 'critical', null, null) $$,
    'each that failed is a finding');
select results_eq(
    $$ select r.validation_status::text, r.issues_unchanged, r.issues_fixed
         from junit as j
        cross join lateral docket.ingest_junit(
                  docket_test.id('a'),
                  jsonb_set(j.report #- '{suites,0,cases,1,failure}', '{suites,0,suites}', '[]'),
                  is_partial => true) as r $$,
    $$ values ('passed', 0, 1) $$,
    'of a part of the tests, those that pass are fixed and no others');
select is(
    (select r.validation_status::text
       from docket.ingest_junit(docket_test.id('a'), '{"suites": []}', 'empty') as r), 'skipped',
    'no tests at all say nothing');
select throws_ok(
    $$ select docket.ingest_junit(docket_test.id('a'), '[]') $$,
    'PD422', 'this is no report of tests', 'what is no report is refused');

-- The prompt tells the worst first.
select results_eq(
    $$ select i.item #>> '{data,findings,0,message}', i.item #>> '{data,findings,1,rule}',
              jsonb_array_length(i.item #> '{data,findings}')
         from (select docket.record_findings(
                          docket_test.id('a'), 'style',
                          jsonb_agg(jsonb_build_object(
                              'severity', case n when 21 then 'critical' else 'major' end,
                              'message', 'number ' || n, 'rule_id', 'R' || n, 'path', 'p')),
                          'linter')
                 from generate_series(1, 22) as n) as r
        cross join lateral docket.build_prompt_context(
                  docket_test.id('a'), sections => '{validations}') as b
        cross join lateral jsonb_path_query(
                  b.content, '$.sections[*].items[*] ? (@.title == "style: failed")')
                  as i (item) $$,
    $$ values ('number 21', 'R1', 20) $$,
    'a prompt has the worst findings, and no more than it is to have');

select * from finish();
rollback;
