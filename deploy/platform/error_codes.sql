-- Deploy pgdocket:platform/error_codes to pg
-- requires: platform/schemas

begin;
set local role docket_owner;

create table docket.error_codes (
    error_code  text     not null,
    name        text     not null,
    exit_code   smallint not null,
    http_status smallint not null,
    description text     not null,
    facts       text[]   not null default '{}',

    constraint error_codes_pkey primary key (error_code),
    constraint error_codes_name_key unique (name),
    constraint error_codes_exit_code_key unique (exit_code),
    constraint error_codes_code_in_class check (error_code ~ '^PD[0-9A-Z]{3}$'),
    constraint error_codes_exit_code_bounded check (exit_code between 3 and 63),
    constraint error_codes_http_status_bounded check (http_status between 400 and 599)
);

comment on table docket.error_codes is
    'The one table of errors: exceptions in Python, exit codes of the shell, HTTP statuses and MCP errors come from it.';
comment on column docket.error_codes.error_code is
    'The SQLSTATE, in class PD, that the functions of pgdocket raise.';
comment on column docket.error_codes.name is
    'The name that programs use, in snake case.';
comment on column docket.error_codes.exit_code is
    'The exit code of the pgdocket command; 1 and 2 are left to other errors and to usage errors.';
comment on column docket.error_codes.http_status is
    'The HTTP status of the same error.';
comment on column docket.error_codes.description is
    'What has happened, for a reader who sees only the code.';
comment on column docket.error_codes.facts is
    'What DETAIL may say of it: the keys of a JSON object.';

insert into docket.error_codes (error_code, name, exit_code, http_status, description)
values ('PD422', 'invalid_argument',    3, 422, 'An argument has a value that can not be meant.'),
       ('PD404', 'not_found',           4, 404, 'What was named does not exist, or may not be seen.'),
       ('PD409', 'conflict',            5, 409, 'It exists already, or its present state does not allow this.'),
       ('PDCYC', 'dependency_cycle',    6, 409, 'The dependency would close a cycle.'),
       ('PDTRN', 'illegal_transition',  7, 409, 'The status does not lead to the one asked for.'),
       ('PDLSE', 'lease_lost',          8, 409, 'The attempt is no longer the task''s current one.'),
       ('PDVER', 'stale_version',       9, 409, 'Somebody else has changed the row since it was read.'),
       ('PD413', 'limit_exceeded',     10, 413, 'It is larger, or more, than the limit allows.'),
       ('PDGAT', 'gate_not_passed',    11, 409, 'A required validation is missing or has failed.'),
       ('PDCON', 'connection_failed',  12, 503, 'The database can not be reached.'),
       ('PD403', 'forbidden',          13, 403, 'The caller may see this, but not do it.'),
       ('PDOLD', 'server_too_old',     14, 503, 'The server is older than PostgreSQL 15.'),
       ('PDSCM', 'schema_missing',     15, 503, 'The database has no pgdocket schema, or an older one.'),
       ('PDSRV', 'no_server',          16, 503, 'No PostgreSQL was found or could be started.'),
       ('PDPLN', 'plan_mismatch',      17, 409, 'The plan does not match what is deployed.');

update docket.error_codes as e
   set facts = f.facts
  from (values ('PDCYC', array['path', 'length', 'edge']),
               ('PDTRN', array['task_id', 'from', 'to']),
               ('PDLSE', array['attempt_id', 'task_id', 'outcome', 'task_status']),
               ('PDVER', array['version', 'expected_version']),
               ('PDGAT', array['task_id', 'missing', 'failed'])) as f (error_code, facts)
 where e.error_code = f.error_code;

grant select on docket.error_codes
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_metrics,
      docket_gateway, docket_maintenance;

commit;
