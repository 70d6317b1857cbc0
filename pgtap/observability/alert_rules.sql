-- A rule says what it means: what would never fire, or never end, is no rule.

begin;
select plan(19);

select docket_test.at('2026-01-10 09:00+00');
select docket_test.project('one');

create function pg_temp.try(changes jsonb) returns void
language sql
as $$
    insert into docket.alert_rules
    select r.*
      from jsonb_populate_record(
               null::docket.alert_rules,
               '{"name": "x", "kind": "threshold", "severity": "high", "metric": "depth",
                 "labels": {}, "group_by": [], "time_window": "5 minutes", "comparison": "above",
                 "threshold": 1, "clear_threshold": 1, "fire_after": "0", "clear_after": "0",
                 "is_enabled": true, "version": 1, "created_at": "2026-01-10",
                 "updated_at": "2026-01-10", "created_by": "x", "updated_by": "x"}'
               || jsonb_build_object(
                      'alert_rule_id', gen_random_uuid(), 'project_id', docket_test.project_id())
               || try.changes) as r
$$;

select lives_ok($$ select pg_temp.try('{}') $$, 'a plain rule');
select lives_ok(
    $$ select pg_temp.try('{"name": "z", "kind": "anomaly", "comparison": "outside",
                            "threshold": 5, "clear_threshold": 3, "baseline_weeks": 8}') $$,
    'an anomaly may be on either side');
select throws_ok(
    format('select pg_temp.try(%L)', '{"name": "y"}'::jsonb || r.changes), '23514', null, r.why)
  from (values
           ('{"name": ""}'::jsonb, 'no name'),
           ('{"metric": null}', 'a threshold of nothing'),
           ('{"kind": "budget", "metric": "depth"}', 'a budget is no metric'),
           ('{"kind": "budget", "metric": null, "aggregate": "avg"}', 'nor is it taken together'),
           ('{"labels": {"host": 1}}', 'labels that are no texts'),
           ('{"group_by": [null]}', 'a label without a name'),
           ('{"time_window": "10 seconds"}', 'no time at all'),
           ('{"time_window": "1 month"}', 'months are of different length'),
           ('{"kind": "anomaly", "baseline_weeks": 8, "time_window": "7 minutes"}',
            'what does not fit into an hour'),
           ('{"kind": "anomaly"}', 'an anomaly against nothing'),
           ('{"baseline_weeks": 8}', 'weeks that nobody asks for'),
           ('{"comparison": "outside"}', 'a threshold has one side'),
           ('{"kind": "absence", "comparison": "below"}', 'silence has no less'),
           ('{"threshold": "NaN", "clear_threshold": "NaN"}', 'no number'),
           ('{"clear_threshold": 2}', 'good is on the other side of bad'),
           ('{"comparison": "below", "clear_threshold": 0}', 'below as well'),
           ('{"fire_after": "-1 second"}', 'a time that is none')
       ) as r (changes, why);

select * from finish();
rollback;
