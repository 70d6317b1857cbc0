-- The schema of the fixtures, and a clock that stands still.

create schema if not exists docket_test;

comment on schema docket_test is
    'Fixtures for the tests: named graphs, and a clock that stands still. Never part of a deploy.';

grant usage on schema docket_test to public;

create or replace function docket_test.at(moment timestamptz) returns timestamptz
language plpgsql
as $$
begin
    perform pg_catalog.set_config('docket.fake_now', at.moment::text, true);
    return docket.clock();
end;
$$;

comment on function docket_test.at(timestamptz) is
    'Stops the clock at `moment` until the end of the transaction. Returns what the clock now says.';

create or replace function docket_test.pass(duration interval) returns timestamptz
language plpgsql
as $$
begin
    return docket_test.at(docket.clock() + pass.duration);
end;
$$;

comment on function docket_test.pass(interval) is
    'Moves the clock on by `duration` and stops it there. Returns what the clock now says.';
