-- Deploy pgdocket:exchange/list_imports to pg
-- requires: exchange/imports

begin;
set local role docket_owner;

create function docket.list_imports(
    project_id uuid,
    after      uuid    default null,
    page_size  integer default 100
) returns table (
    import_id    uuid,
    source_name  text,
    shape        text,
    byte_size    bigint,
    content_hash text,
    report       jsonb,
    created_at   timestamptz,
    created_by   text
)
language sql
stable
begin atomic
    select i.import_id, i.source_name, i.shape, i.byte_size, encode(i.content_hash, 'hex'),
           i.report, i.created_at, i.created_by
      from docket.imports as i
     where i.project_id = list_imports.project_id
       and (list_imports.after is null or i.import_id > list_imports.after)
     order by i.import_id
     limit least(greatest(list_imports.page_size, 1), 1000);
end;

comment on function docket.list_imports(uuid, uuid, integer) is
'The files that were imported into a project, the oldest first, each with its report.

`project_id` is the project, `after` the id of the last import of the previous page, `page_size` is
in rows (1 to 1000). Returns imports without their content; raises nothing.';

revoke all on function docket.list_imports(uuid, uuid, integer) from public;
grant execute on function docket.list_imports(uuid, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
