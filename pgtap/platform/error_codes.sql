-- Every error has one row: its SQLSTATE, its name, its exit code and its HTTP status.

begin;
select plan(8);

select results_eq(
    $$ select c.error_code, c.name, c.exit_code::integer, c.http_status::integer
         from docket.error_codes as c
        order by c.exit_code $$,
    $$ values ('PD422', 'invalid_argument',    3, 422),
              ('PD404', 'not_found',           4, 404),
              ('PD409', 'conflict',            5, 409),
              ('PDCYC', 'dependency_cycle',    6, 409),
              ('PDTRN', 'illegal_transition',  7, 409),
              ('PDLSE', 'lease_lost',          8, 409),
              ('PDVER', 'stale_version',       9, 409),
              ('PD413', 'limit_exceeded',     10, 413),
              ('PDGAT', 'gate_not_passed',    11, 409),
              ('PDCON', 'connection_failed',  12, 503),
              ('PD403', 'forbidden',          13, 403),
              ('PDOLD', 'server_too_old',     14, 503),
              ('PDSCM', 'schema_missing',     15, 503),
              ('PDSRV', 'no_server',          16, 503),
              ('PDPLN', 'plan_mismatch',      17, 409) $$,
    'the table of errors is the one that is promised');

select is(
    (select c.facts from docket.error_codes as c where c.error_code = 'PDCYC'),
    array['path', 'length', 'edge'],
    'the table says what the detail of an error may hold');

set local role docket_owner;

select throws_ok(
    $$ insert into docket.error_codes values ('XX000', 'other', 20, 500, 'x') $$,
    '23514', null,
    'a code outside class PD is refused');
select throws_ok(
    $$ insert into docket.error_codes values ('PD999', 'not_found', 20, 500, 'x') $$,
    '23505', null,
    'a name stands for one error only');
select throws_ok(
    $$ insert into docket.error_codes values ('PD999', 'other', 4, 500, 'x') $$,
    '23505', null,
    'so does an exit code');
select throws_ok(
    $$ insert into docket.error_codes values ('PD999', 'other', 2, 500, 'x') $$,
    '23514', null,
    'exit codes 1 and 2 are left to others');
select throws_ok(
    $$ insert into docket.error_codes values ('PD999', 'other', 20, 200, 'x') $$,
    '23514', null,
    'an HTTP status that says all is well is no error');

set local role docket_reader;
select isnt_empty('select from docket.error_codes', 'every client may read the table');

select * from finish();
rollback;
