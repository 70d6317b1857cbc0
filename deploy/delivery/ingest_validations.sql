-- Deploy pgdocket:delivery/ingest_validations to pg
-- requires: delivery/record_validations
-- requires: delivery/validation_findings
-- requires: platform/check_batch

begin;
set local role docket_owner;

-- Records one run with what it found: locks, merges, judges, and moves the gate.
create function docket_private.record_run(
    task_id         uuid,
    validation_type text,
    findings        docket_private.found[],
    tools           text[],
    gone            text[],
    fields          jsonb
) returns docket.validation_results
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most       integer := (docket_private.setting('max_findings') #>> '{}')::integer;
    v_severities constant text[] := array['critical', 'major', 'minor', 'info'];
    v_type       text    := docket_private.read_validation_type(record_run.validation_type);
    v_project    uuid;
    v_from       text;
    v_run_no     integer;
    v_counts     jsonb;
    v_fails      boolean;
    v_result     docket.validation_results;
    v_constraint text;
begin
    if cardinality(record_run.findings) > v_most then
        raise exception '% findings in one document', cardinality(record_run.findings)
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_findings).', v_most);
    end if;

    v_project := docket_private.lock_gated(array[record_run.task_id]);
    v_from    := coalesce(record_run.fields ->> 'fails_from', (
        select docket_private.setting('validation_fails_from', p.settings) #>> '{}'
          from docket.projects as p
         where p.project_id = v_project));

    if v_from is null or v_from <> all (v_severities) then
        raise exception '% is no severity of a finding',
                        coalesce(quote_literal(left(v_from, 100)), 'null')
            using errcode = 'PD422',
                  hint    = format('One of %s.', array_to_string(v_severities, ', '));
    end if;

    v_run_no := coalesce((
        select v.run_no
          from docket.validation_results as v
         where v.task_id         = record_run.task_id
           and v.project_id      = v_project
           and v.validation_type = v_type
         order by v.run_no desc
         limit 1), 0) + 1;

    begin
        v_counts := docket_private.merge_findings(
            v_project, record_run.task_id, v_type, v_run_no, record_run.findings, record_run.tools,
            record_run.gone);
    exception
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'findings are refused: %',
                            coalesce(
                                docket_private.constraint_text(
                                    'validation_findings', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    v_fails := exists (
        select
          from unnest(record_run.findings) as f
         where not f.is_suppressed
           and array_position(v_severities, f.severity) <= array_position(v_severities, v_from));

    select r.* into v_result
      from docket.record_validations(jsonb_build_array(
               jsonb_build_object(
                   'task_id', record_run.task_id,
                   'validation_type', v_type,
                   'status', case
                                 when v_fails then 'failed'
                                 when (v_counts ->> 'issues_minor')::integer > 0
                                      or (v_counts ->> 'issues_major')::integer > 0
                                      or (v_counts ->> 'issues_critical')::integer > 0
                                     then 'warning'
                                 else 'passed'
                             end)
               || v_counts || jsonb_strip_nulls(record_run.fields - 'fails_from'))) as r;

    return v_result;
end;
$$;

comment on function docket_private.record_run(
    uuid, text, docket_private.found[], text[], text[], jsonb) is
    'Records one run of a validation by what it found with its `tools`; `fields` are further fields of the result, and fails_from; `gone` as for merge_findings(). Raises PD404, PD403, PD413, PD422, PDLSE.';

create function docket_private.fingerprint_of(
    first_part  text,
    second_part text,
    third_part  text default null,
    fourth_part text default null,
    fifth_part  text default null
) returns text
language sql
stable
begin atomic
    select encode(sha256(convert_to(
               coalesce(fingerprint_of.first_part, '') || e'\x1f'
               || coalesce(fingerprint_of.second_part, '') || e'\x1f'
               || coalesce(fingerprint_of.third_part, '') || e'\x1f'
               || coalesce(fingerprint_of.fourth_part, '') || e'\x1f'
               || coalesce(fingerprint_of.fifth_part, ''), 'UTF8')), 'hex');
end;

comment on function docket_private.fingerprint_of(text, text, text, text, text) is
    'What makes a finding the same: SHA-256 over what does not change from run to run, in hexadecimal.';

create function docket.record_findings(
    task_id         uuid,
    validation_type text,
    findings        jsonb,
    validator_name  text    default null,
    status          text    default null,
    score           numeric default null,
    max_score       numeric default null,
    is_partial      boolean default false,
    fails_from      text    default null,
    attempt_id      uuid    default null,
    pull_request_id uuid    default null,
    artifact_id     uuid    default null,
    metadata        jsonb   default null,
    request_id      uuid    default null
) returns docket.validation_results
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'record_findings');
    v_tool   text  := coalesce(validator_name, validation_type);
    v_known  constant text[] := array[
        'rule_id', 'severity', 'message', 'path', 'start_line', 'start_column', 'end_line',
        'end_column', 'help_url', 'fingerprint', 'is_suppressed', 'details'];
    v_wrong  record;
    v_found  docket_private.found[];
    v_result docket.validation_results;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.validation_results, v_answer);
    end if;

    perform docket_private.check_batch(
        findings, 'findings', 'finding',
        'Give an array of objects with severity and message; an empty one says that nothing was found.',
        v_known, may_be_empty => true, size_setting => 'max_findings');

    select e.place, w.reason into v_wrong
      from jsonb_array_elements(findings) with ordinality as e (element, place)
     cross join lateral (
               select case
                          when coalesce(e.element ->> 'message', '') = '' then 'has no message'
                          when coalesce(e.element ->> 'severity', '')
                               not in ('critical', 'major', 'minor', 'info')
                              then 'has no severity that is critical, major, minor or info'
                      end as reason
           ) as w
     where w.reason is not null
     order by e.place
     limit 1;

    if found then
        raise exception 'finding number % %', v_wrong.place, v_wrong.reason
            using errcode = 'PD422',
                  hint    = format('Known are %s.', array_to_string(v_known, ', '));
    end if;

    begin
        v_found := array(
            select row(
                       v_tool,
                       coalesce(
                           r.fingerprint,
                           docket_private.fingerprint_of(r.rule_id, r.path, r.message)),
                       case when r.fingerprint is null then 'computed' else 'tool' end,
                       r.rule_id, r.severity, r.message, r.path, r.start_line, r.start_column,
                       r.end_line, r.end_column, r.help_url, coalesce(r.is_suppressed, false),
                       coalesce(r.details, '{}')
                   )::docket_private.found
              from jsonb_array_elements(findings) with ordinality as e (element, place)
             cross join lateral jsonb_to_record(e.element) as r (
                       rule_id text, severity text, message text, path text, start_line integer,
                       start_column integer, end_line integer, end_column integer, help_url text,
                       fingerprint text, is_suppressed boolean, details jsonb)
             order by e.place);
    exception
        when data_exception then
            raise exception 'findings are refused: %', left(sqlerrm, 300)
                using errcode = 'PD422';
    end;

    v_result := docket_private.record_run(
        task_id, validation_type, v_found, array[v_tool],
        case when record_findings.is_partial then '{}'::text[] end,
        jsonb_build_object(
            'validator_name', v_tool, 'status', record_findings.status,
            'score', record_findings.score, 'max_score', record_findings.max_score,
            'fails_from', record_findings.fails_from,
            'attempt_id', record_findings.attempt_id,
            'pull_request_id', record_findings.pull_request_id,
            'artifact_id', record_findings.artifact_id, 'metadata', record_findings.metadata));

    perform docket_private.remember(request_id, to_jsonb(v_result));
    return v_result;
end;
$$;

comment on function docket.record_findings(
    uuid, text, jsonb, text, text, numeric, numeric, boolean, text, uuid, uuid, uuid, jsonb,
    uuid) is
'Records one run of a validation of task `task_id` with all that it found, and opens or closes the
gate that asks for it. Findings keep their identity from run to run: what is new, still there, fixed
and back is counted in the result, and told by list_findings().

`findings` is an array of objects with severity (critical, major, minor, info) and message and,
where they are known, rule_id, path, start_line, start_column, end_line, end_column (from 1),
help_url, fingerprint (what makes it the same thing next time; without one it is made of rule, path
and message), is_suppressed (kept and not counted), details (object); at most the setting
max_findings. What the same `validator_name` (default: the type) found before and does not find now
is fixed, unless the run looked at a part only (`is_partial`). `status` is judged unless it is
given: failed where a finding is as bad as `fails_from` (default: setting validation_fails_from),
else warning where there is one that is not info, else passed. `score`, `max_score`, `attempt_id`,
`pull_request_id`, `artifact_id`, `metadata` as for record_validations(). The same `request_id`
again returns the first answer. Returns the result. Raises PD404, PD403, PD413, PD422, PDLSE.';

-- SARIF 2.1.0.

create function docket_private.fill_message(
    template  text,
    arguments jsonb
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := template;
begin
    for i in reverse jsonb_array_length(arguments) - 1 .. 0 loop
        v_text := replace(v_text, '{' || i || '}', arguments ->> i);
    end loop;
    return v_text;
end;
$$;

comment on function docket_private.fill_message(text, jsonb) is
    'A message of SARIF with its arguments in the place of {0}, {1}...';

create function docket_private.sarif_message(
    message jsonb,
    rule    jsonb,
    rule_id text
) returns text
language sql
immutable
begin atomic
    select left(
               coalesce(
                   case
                       when sarif_message.message -> 'arguments' is not null
                           then docket_private.fill_message(
                                    coalesce(
                                        sarif_message.message ->> 'text',
                                        sarif_message.rule #>> array[
                                            'messages', sarif_message.message ->> 'id', 'text']),
                                    sarif_message.message -> 'arguments')
                       else coalesce(
                                sarif_message.message ->> 'text',
                                sarif_message.rule #>> array[
                                    'messages', sarif_message.message ->> 'id', 'text'])
                   end,
                   sarif_message.message ->> 'markdown', sarif_message.rule ->> 'short',
                   sarif_message.rule ->> 'name', sarif_message.rule_id, 'no message'),
               10000);
end;

comment on function docket_private.sarif_message(jsonb, jsonb, text) is
    'What a result of SARIF says: its own text, or that of its rule.';

-- Rules by id, as a document that is looked up by key for each result: a join with thousands of
-- rules would be planned for a hundred.
create function docket_private.sarif_rules(tooling jsonb) returns jsonb
language sql
immutable
begin atomic
    select coalesce(
               jsonb_object_agg(
                   r.rule ->> 'id',
                   jsonb_strip_nulls(jsonb_build_object(
                       'level', r.rule #> '{defaultConfiguration,level}',
                       'security', r.rule #> '{properties,security-severity}',
                       'name', r.rule -> 'name',
                       'help', r.rule -> 'helpUri',
                       'short', r.rule #> '{shortDescription,text}',
                       'messages', r.rule -> 'messageStrings'))
                   order by c.place desc, r.place desc)
                   filter (where r.rule ->> 'id' is not null),
               '{}')
      from jsonb_array_elements(
               jsonb_build_array(sarif_rules.tooling -> 'driver')
               || coalesce(nullif(sarif_rules.tooling -> 'extensions', 'null'), '[]'))
           with ordinality as c (component, place)
     cross join lateral jsonb_array_elements(
               case jsonb_typeof(c.component -> 'rules')
                   when 'array' then c.component -> 'rules'
                   else '[]'
               end) with ordinality as r (rule, place);
end;

comment on function docket_private.sarif_rules(jsonb) is
    'What the tool of a run of SARIF tells of its rules, by their ids; the driver''s own win.';

create function docket_private.sarif_overrides(
    invocations jsonb,
    tooling     jsonb
) returns jsonb
language sql
immutable
begin atomic
    select coalesce(jsonb_object_agg(i.place - 1, o.levels), '{}')
      from jsonb_array_elements(
               case jsonb_typeof(sarif_overrides.invocations)
                   when 'array' then sarif_overrides.invocations
                   else '[]'
               end) with ordinality as i (invocation, place)
     cross join lateral (
               select jsonb_object_agg(d.id, c.override #>> '{configuration,level}') as levels
                 from jsonb_array_elements(
                          case jsonb_typeof(i.invocation -> 'ruleConfigurationOverrides')
                              when 'array' then i.invocation -> 'ruleConfigurationOverrides'
                              else '[]'
                          end) as c (override)
                cross join lateral (
                          select coalesce(
                                     c.override #>> '{descriptor,id}',
                                     sarif_overrides.tooling #>> array[
                                         'driver', 'rules',
                                         c.override #>> '{descriptor,index}', 'id']) as id
                      ) as d
                where d.id is not null
                  and c.override #>> '{configuration,level}' is not null
           ) as o
     where o.levels is not null;
end;

comment on function docket_private.sarif_overrides(jsonb, jsonb) is
    'The levels that the invocations of a run of SARIF give to rules, by the number of the invocation and the rule''s id.';

create function docket_private.sarif_severity(
    level    text,
    security text
) returns text
language sql
immutable
begin atomic
    select case
               when sarif_severity.security ~ '^\d{1,3}(\.\d{1,9})?$'
                    and sarif_severity.security::numeric > 0
                   then case
                            when sarif_severity.security::numeric >= 9 then 'critical'
                            when sarif_severity.security::numeric >= 7 then 'major'
                            when sarif_severity.security::numeric >= 4 then 'minor'
                            else 'info'
                        end
               when sarif_severity.level = 'error' then 'critical'
               when sarif_severity.level = 'note'  then 'minor'
               when sarif_severity.level = 'none'  then 'info'
               else 'major'
           end;
end;

comment on function docket_private.sarif_severity(text, text) is
    'The severity of a level of SARIF, or of the rule''s own score of security (0 to 10), where it has one.';

create function docket_private.sarif_path(
    uri  text,
    root text
) returns text
language sql
immutable
begin atomic
    select case
               when starts_with(sarif_path.uri, sarif_path.root)
                   then substr(sarif_path.uri, length(sarif_path.root) + 1)
               when starts_with(sarif_path.uri, 'file://' || sarif_path.root)
                   then substr(sarif_path.uri, length(sarif_path.root) + 8)
               when starts_with(sarif_path.uri, 'file:///') then substr(sarif_path.uri, 8)
               when starts_with(sarif_path.uri, './')       then substr(sarif_path.uri, 3)
               else sarif_path.uri
           end;
end;

comment on function docket_private.sarif_path(text, text) is
    'The path of a URI, relative to `root` (with a slash at its end) where it lies below it.';

create function docket_private.sarif_fingerprint(fingerprints jsonb) returns text
language sql
immutable
begin atomic
    -- The newest version of those that the tool gives: name/v2 before name/v1.
    select case
               when length(f.name || '=' || f.value) <= 200 then f.name || '=' || f.value
               else docket_private.fingerprint_of(f.name, f.value)
           end
      from jsonb_each_text(sarif_fingerprint.fingerprints) as f (name, value)
     order by coalesce(substring(f.name from '/v(\d{1,9})$')::integer, 0) desc, f.name
     limit 1;
end;

comment on function docket_private.sarif_fingerprint(jsonb) is
    'The one fingerprint of a result of SARIF that is kept: of the highest version.';

-- Step by step for each result, each step kept apart (offset 0) so that nothing in it is worked out
-- twice.
create function docket_private.sarif_findings(
    run  jsonb,
    root text
) returns setof docket_private.found
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    v_tool      text  := left(run #>> '{tool,driver,name}', 255);
    v_tooling   jsonb := run -> 'tool';
    v_rules     jsonb := docket_private.sarif_rules(v_tooling);
    v_overrides jsonb := docket_private.sarif_overrides(run -> 'invocations', v_tooling);
    v_artifacts jsonb := run -> 'artifacts';
    v_root      text  := rtrim(root, '/') || '/';
begin
    return query
    select v_tool, i.fingerprint,
           case
               when w.whole is not null or w.guid is not null then 'tool'
               when w.part is not null then 'partial'
               else 'computed'
           end,
           left(n.rule_id, 255), docket_private.sarif_severity(w.level, w.security), w.message,
           left(u.path, 4096), (u.region ->> 'startLine')::integer,
           (u.region ->> 'startColumn')::integer, (u.region ->> 'endLine')::integer,
           (u.region ->> 'endColumn')::integer, left(u.rule ->> 'help', 4096), w.is_suppressed,
           jsonb_strip_nulls(jsonb_build_object(
               'level', w.level, 'kind', nullif(n.kind, 'fail'), 'rule', u.rule -> 'name',
               'symbol', u.symbol, 'snippet', left(u.snippet, 2000),
               'baseline_state', e.result -> 'baselineState',
               'fix', left(e.result #>> '{fixes,0,description,text}', 1000),
               'suppressions', case when w.is_suppressed then e.result -> 'suppressions' end,
               'properties', e.result -> 'properties'))
      from jsonb_array_elements(
               case jsonb_typeof(sarif_findings.run -> 'results')
                   when 'array' then sarif_findings.run -> 'results'
                   else '[]'
               end) with ordinality as e (result, place)
     cross join lateral (
               select coalesce(
                          e.result ->> 'ruleId', e.result #>> '{rule,id}',
                          v_tooling #>> array[
                              'driver', 'rules',
                              coalesce(e.result ->> 'ruleIndex', e.result #>> '{rule,index}'),
                              'id']) as rule_id,
                      coalesce(e.result ->> 'kind', 'fail') as kind,
                      e.result #> '{locations,0,physicalLocation}' as location
               offset 0
           ) as n
     cross join lateral (
               select coalesce(v_rules -> n.rule_id,
                               v_rules -> regexp_replace(n.rule_id, '/[^/]*$', '')) as rule,
                      n.location -> 'region' as region,
                      n.location #>> '{region,snippet,text}' as snippet,
                      docket_private.sarif_path(
                          coalesce(
                              n.location #>> '{artifactLocation,uri}',
                              v_artifacts #>> array[
                                  n.location #>> '{artifactLocation,index}', 'location', 'uri']),
                          v_root) as path,
                      coalesce(
                          e.result #>> '{locations,0,logicalLocations,0,fullyQualifiedName}',
                          e.result #>> '{locations,0,logicalLocations,0,name}') as symbol
               offset 0
           ) as u
     cross join lateral (
               select docket_private.sarif_message(e.result -> 'message', u.rule, n.rule_id)
                          as message,
                      case
                          when n.kind <> 'fail' then 'none'
                          else coalesce(
                                   e.result ->> 'level',
                                   v_overrides #>> array[
                                       coalesce(
                                           e.result #>> '{provenance,invocationIndex}', '0'),
                                       n.rule_id],
                                   u.rule ->> 'level', 'warning')
                      end as level,
                      case
                          when n.kind = 'fail'
                              then coalesce(e.result #>> '{properties,security-severity}',
                                            u.rule ->> 'security')
                      end as security,
                      nullif(nullif(e.result -> 'fingerprints', '{}'), 'null') as whole,
                      nullif(nullif(e.result -> 'partialFingerprints', '{}'), 'null') as part,
                      left(e.result ->> 'correlationGuid', 255) as guid,
                      coalesce(jsonb_array_length(
                          nullif(e.result -> 'suppressions', 'null')) > 0
                          and not e.result @? '$.suppressions[*].status ? (@ == "underReview" || @ == "rejected")',
                          false) as is_suppressed
               offset 0
           ) as w
     cross join lateral (
               select case
                          when w.whole is not null
                              then docket_private.sarif_fingerprint(w.whole)
                          when w.guid is not null then w.guid
                          when w.part is not null
                              then docket_private.fingerprint_of(
                                       n.rule_id, u.path, w.part::text)
                          else docket_private.fingerprint_of(
                                   n.rule_id, u.path, u.symbol, w.message,
                                   btrim(u.snippet, e' \t\r\n'))
                      end as fingerprint
               offset 0
           ) as i
     where e.result ->> 'baselineState' is distinct from 'absent'
       and n.kind not in ('pass', 'notApplicable')
     order by e.place;
end;
$$;

comment on function docket_private.sarif_findings(jsonb, text) is
    'What one run of SARIF 2.1.0 found, in its order, with paths relative to `root`: no results that are none (pass, notApplicable, absent).';

create function docket_private.count_rules(findings docket_private.found[]) returns jsonb
language sql
immutable
begin atomic
    select coalesce(jsonb_object_agg(c.rule_id, c.counted), '{}')
      from (
          select coalesce(f.rule_id, '') as rule_id, count(*) as counted
            from unnest(count_rules.findings) as f
           where not f.is_suppressed
           group by f.rule_id
           order by count(*) desc, f.rule_id
           limit 20
      ) as c;
end;

comment on function docket_private.count_rules(docket_private.found[]) is
    'How often each of the twenty rules is broken that are broken most.';

create function docket.ingest_sarif(
    task_id         uuid,
    document        jsonb,
    validation_type text    default null,
    root            text    default null,
    is_partial      boolean default false,
    fails_from      text    default null,
    attempt_id      uuid    default null,
    pull_request_id uuid    default null,
    artifact_id     uuid    default null,
    request_id      uuid    default null
) returns setof docket.validation_results
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'ingest_sarif');
    v_group   record;
    v_found   docket_private.found[];
    v_result  docket.validation_results;
    v_results jsonb := jsonb_build_array();
begin
    if v_answer is not null then
        return query
        select * from jsonb_populate_recordset(null::docket.validation_results, v_answer);
        return;
    end if;

    if jsonb_typeof(document -> 'runs') is distinct from 'array'
       or coalesce(document ->> 'version', '') not like '2.1.%'
       or document @? '$.runs[*] ? (@.tool.driver.name.type() != "string" || @.tool.driver.name == "")'
       or document @? '$.runs[*] ? (!exists(@.tool.driver.name))'
    then
        raise exception 'this is no SARIF 2.1.0'
            using errcode = 'PD422',
                  hint    = 'An object with version "2.1.0" and runs, each with tool.driver.name.';
    end if;

    if jsonb_array_length(document -> 'runs') = 0 then
        raise exception 'the document has no runs'
            using errcode = 'PD422';
    end if;

    -- Runs of one type are one result: of two that were recorded the newer alone would count.
    for v_group in
        select t.validation_type, array_agg(distinct t.tool) as tools,
               array_agg(r.place::integer - 1 order by r.place) as places,
               bool_or(r.run #> '{results}' is not null and r.run -> 'results' <> 'null') as looked,
               bool_or(r.run @? '$.invocations[*] ? (@.executionSuccessful == false)') as broke,
               min(r.run #>> '{invocations,0,startTimeUtc}') as started_at,
               max(r.run #>> '{invocations,0,endTimeUtc}') as completed_at,
               jsonb_agg(distinct jsonb_strip_nulls(jsonb_build_object(
                   'name', t.tool,
                   'version', coalesce(r.run #> '{tool,driver,semanticVersion}',
                                       r.run #> '{tool,driver,version}')))) as described
          from jsonb_array_elements(document -> 'runs') with ordinality as r (run, place)
         cross join lateral (
                   select left(r.run #>> '{tool,driver,name}', 255) as tool,
                          docket_private.read_validation_type(coalesce(
                              ingest_sarif.validation_type,
                              left(ltrim(regexp_replace(
                                  lower(r.run #>> '{tool,driver,name}'),
                                  '[^a-z0-9_.:/-]+', '-', 'g'), '-_.:/'), 63),
                              'sarif')) as validation_type
               ) as t
         group by t.validation_type
         order by min(r.place)
    loop
        begin
            v_found := array(
                select f
                  from unnest(v_group.places) with ordinality as p (place, turn)
                 cross join lateral docket_private.sarif_findings(
                           document #> array['runs', p.place::text], ingest_sarif.root) as f);

            v_result := docket_private.record_run(
                task_id, v_group.validation_type, v_found, v_group.tools,
                case
                    when ingest_sarif.is_partial or v_group.broke or not v_group.looked
                        then '{}'::text[]
                end,
                jsonb_build_object(
                    'validator_name', left(array_to_string(v_group.tools, ', '), 255),
                    'status', case
                                  when v_group.broke then 'error'
                                  when not v_group.looked then 'skipped'
                              end,
                    'fails_from', ingest_sarif.fails_from,
                    'attempt_id', ingest_sarif.attempt_id,
                    'pull_request_id', ingest_sarif.pull_request_id,
                    'artifact_id', ingest_sarif.artifact_id,
                    'started_at', v_group.started_at::timestamptz,
                    'completed_at', greatest(v_group.completed_at::timestamptz,
                                             v_group.started_at::timestamptz),
                    'details', jsonb_build_object(
                        'format', 'sarif', 'tools', v_group.described,
                        'rules', docket_private.count_rules(v_found))));
        exception
            when data_exception then
                raise exception 'the SARIF document is refused: %', left(sqlerrm, 300)
                    using errcode = 'PD422';
        end;
        v_results := v_results || to_jsonb(v_result);
        return next v_result;
    end loop;

    perform docket_private.remember(request_id, v_results);
end;
$$;

comment on function docket.ingest_sarif(
    uuid, jsonb, text, text, boolean, text, uuid, uuid, uuid, uuid) is
'Records what analysis tools found at task `task_id`: a result for each tool, and every finding,
which keeps its identity over runs (record_findings() tells more).

`document` is SARIF 2.1.0, with at most the setting max_findings. Each tool is a type of validation
of its own (ruff, bandit), unless `validation_type` says one for all: then its runs are one result.
`root` is the folder that absolute paths are made relative to. Levels are judged as the
specification says, from result, configuration and rule: error is critical, warning major, note
minor, none info; a rule''s security-severity comes before (9 critical, 7 major, 4 minor). A finding
is the same by the tool''s fingerprint or correlationGuid, else by its partial fingerprints with
rule and path, else by rule, path, message and snippet, on whatever line. What is suppressed is kept
and not counted; results of kind pass and notApplicable, and those that the baseline calls absent,
are none. A run that was not successful is an error, and fixes nothing; so does one with
`is_partial`. `fails_from`, `attempt_id`, `pull_request_id`, `artifact_id` as for record_findings().
The same `request_id` again returns the first answer. Returns a result for each type. Raises PD404,
PD403, PD413, PD422, PDLSE.';

-- JUnit. The report is JSON: not every server can read XML, and every client can.

create type docket_private.test_case as (
    suite       text,
    test        text,
    outcome     text,
    fingerprint text,
    message     text,
    kind        text,
    output      text,
    path        text,
    line        integer,
    seconds     numeric,
    started_at  timestamptz
);

comment on type docket_private.test_case is
    'One test of a report, and how it ended: passed, failure, error or skipped.';

create function docket_private.read_test_cases(report jsonb) returns docket_private.test_case[]
language sql
stable
begin atomic
      with recursive suites as (
          select s.suite, coalesce(s.suite ->> 'name', '') as name, array[s.place] as place
            from jsonb_array_elements(read_test_cases.report -> 'suites')
                 with ordinality as s (suite, place)
           union all
          select s.suite, concat_ws(' / ', u.name, s.suite ->> 'name'), u.place || s.place
            from suites as u
           cross join lateral jsonb_array_elements(
                     case jsonb_typeof(u.suite -> 'suites')
                         when 'array' then u.suite -> 'suites'
                         else '[]'
                     end) with ordinality as s (suite, place)
           where cardinality(u.place) < 100
      )
    select coalesce(
               array_agg(
                   row(u.name, t.test,
                       case
                           when c.element -> 'error' <> 'null'   then 'error'
                           when c.element -> 'failure' <> 'null' then 'failure'
                           when c.element -> 'skipped' <> 'null' then 'skipped'
                           else 'passed'
                       end,
                       docket_private.fingerprint_of(u.name, t.test), t.bad ->> 'message',
                       t.bad ->> 'type', t.bad ->> 'text', c.element ->> 'file',
                       (c.element ->> 'line')::integer, (c.element ->> 'time')::numeric,
                       (u.suite ->> 'timestamp')::timestamptz)::docket_private.test_case
                   order by u.place, c.place),
               '{}')
      from suites as u
     cross join lateral jsonb_array_elements(
               case jsonb_typeof(u.suite -> 'cases')
                   when 'array' then u.suite -> 'cases'
                   else '[]'
               end) with ordinality as c (element, place)
     cross join lateral (
               values (
                   concat_ws('.', nullif(c.element ->> 'classname', ''), c.element ->> 'name'),
                   coalesce(nullif(c.element -> 'error', 'null'),
                            nullif(c.element -> 'failure', 'null')))
           ) as t (test, bad);
end;

comment on function docket_private.read_test_cases(jsonb) is
    'The tests of a report, those of suites within suites too, in its order.';

create function docket.ingest_junit(
    task_id         uuid,
    report          jsonb,
    validation_type text    default 'tests',
    validator_name  text    default null,
    is_partial      boolean default false,
    attempt_id      uuid    default null,
    pull_request_id uuid    default null,
    artifact_id     uuid    default null,
    request_id      uuid    default null
) returns docket.validation_results
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'ingest_junit');
    v_tool   text  := coalesce(validator_name, 'junit');
    v_cases  docket_private.test_case[];
    v_ran    record;
    v_found  docket_private.found[];
    v_result docket.validation_results;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.validation_results, v_answer);
    end if;

    if jsonb_typeof(report -> 'suites') is distinct from 'array' then
        raise exception 'this is no report of tests'
            using errcode = 'PD422',
                  hint    = 'An object with suites; pgdocket.junit.read() makes one of JUnit''s XML.';
    end if;

    begin
        v_cases := docket_private.read_test_cases(report);
    exception
        when data_exception then
            raise exception 'the report is refused: %', left(sqlerrm, 300)
                using errcode = 'PD422';
    end;

    select count(*) as tests,
           count(*) filter (where c.outcome = 'passed')  as passed,
           count(*) filter (where c.outcome = 'failure') as failures,
           count(*) filter (where c.outcome = 'error')   as errors,
           count(*) filter (where c.outcome = 'skipped') as skipped,
           round(sum(c.seconds) * 1000)::bigint          as time_ms,
           min(c.started_at)                             as started_at
      into v_ran
      from unnest(v_cases) as c;

    v_found := array(
        select row(
                   v_tool, c.fingerprint, 'computed', left(c.test, 255),
                   case c.outcome when 'error' then 'critical' else 'major' end,
                   left(coalesce(
                       nullif(c.message, ''), nullif(split_part(c.output, e'\n', 1), ''),
                       c.outcome), 10000),
                   left(c.path, 4096), c.line, null, null, null, null, false,
                   jsonb_strip_nulls(jsonb_build_object(
                       'outcome', c.outcome, 'suite', c.suite, 'type', c.kind,
                       'output', nullif(left(c.output, 10000), ''), 'seconds', c.seconds))
               )::docket_private.found
          from unnest(v_cases) with ordinality
               as c (suite, test, outcome, fingerprint, message, kind, output, path, line, seconds,
                     started_at, ordinal)
         where c.outcome in ('failure', 'error')
         order by c.ordinal);

    v_result := docket_private.record_run(
        task_id, validation_type, v_found, array[v_tool],
        case
            when ingest_junit.is_partial
                then array(
                         select c.fingerprint
                           from unnest(v_cases) as c
                          where c.outcome = 'passed')
        end,
        jsonb_build_object(
            'validator_name', v_tool,
            'status', case
                          when v_ran.failures + v_ran.errors > 0 then 'failed'
                          when v_ran.passed = 0 then 'skipped'
                          else 'passed'
                      end,
            'score', case when v_ran.tests > v_ran.skipped then v_ran.passed end,
            'max_score', nullif(v_ran.tests - v_ran.skipped, 0),
            'attempt_id', ingest_junit.attempt_id,
            'pull_request_id', ingest_junit.pull_request_id,
            'artifact_id', ingest_junit.artifact_id,
            'started_at', v_ran.started_at,
            'completed_at', v_ran.started_at + make_interval(secs => v_ran.time_ms / 1000.0),
            'execution_time_ms', v_ran.time_ms,
            'details', jsonb_build_object(
                'format', 'junit', 'tests', v_ran.tests, 'passed', v_ran.passed,
                'failures', v_ran.failures, 'errors', v_ran.errors, 'skipped', v_ran.skipped)));

    perform docket_private.remember(request_id, to_jsonb(v_result));
    return v_result;
end;
$$;

comment on function docket.ingest_junit(
    uuid, jsonb, text, text, boolean, uuid, uuid, uuid, uuid) is
'Records what tests of task `task_id` said, from a report as JUnit writes it: one result, and a
finding for each test that failed, which keeps its identity over runs (record_findings() tells
more).

`report` is JUnit''s XML as JSON (not every server reads XML: pgdocket.junit.read() does in Python):
an object with suites, an array of objects with name, timestamp, suites (suites within it) and
cases; each case has name, classname, file, line, time (seconds) and, where it did not pass, one of
failure and error (objects with message, type, text) and skipped (object). The result is failed
where a test failed or broke (severity major and critical), skipped where none ran, else passed; its
score is the tests that passed out of those that ran. A test that failed before and is not among
those that fail now is fixed; with `is_partial`, where not all were run, only if it passed.
`validator_name` (default junit) names the program. `attempt_id`, `pull_request_id`, `artifact_id`
as for record_validations(). The same `request_id` again returns the first answer. Returns the
result. Raises PD404, PD403, PD413, PD422, PDLSE.';

revoke all on function docket_private.record_run(
    uuid, text, docket_private.found[], text[], text[], jsonb) from public;
revoke all on function docket_private.fingerprint_of(text, text, text, text, text) from public;
revoke all on function docket.record_findings(
    uuid, text, jsonb, text, text, numeric, numeric, boolean, text, uuid, uuid, uuid, jsonb, uuid)
  from public;
revoke all on function docket_private.fill_message(text, jsonb) from public;
revoke all on function docket_private.sarif_message(jsonb, jsonb, text) from public;
revoke all on function docket_private.sarif_rules(jsonb) from public;
revoke all on function docket_private.sarif_overrides(jsonb, jsonb) from public;
revoke all on function docket_private.sarif_severity(text, text) from public;
revoke all on function docket_private.sarif_path(text, text) from public;
revoke all on function docket_private.sarif_fingerprint(jsonb) from public;
revoke all on function docket_private.sarif_findings(jsonb, text) from public;
revoke all on function docket_private.count_rules(docket_private.found[]) from public;
revoke all on function docket.ingest_sarif(
    uuid, jsonb, text, text, boolean, text, uuid, uuid, uuid, uuid) from public;
revoke all on function docket_private.read_test_cases(jsonb) from public;
revoke all on function docket.ingest_junit(
    uuid, jsonb, text, text, boolean, uuid, uuid, uuid, uuid) from public;
grant execute on function
    docket.record_findings(
        uuid, text, jsonb, text, text, numeric, numeric, boolean, text, uuid, uuid, uuid, jsonb,
        uuid),
    docket.ingest_sarif(
        uuid, jsonb, text, text, boolean, text, uuid, uuid, uuid, uuid),
    docket.ingest_junit(
        uuid, jsonb, text, text, boolean, uuid, uuid, uuid, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
