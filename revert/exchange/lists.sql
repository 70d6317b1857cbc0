-- Revert pgdocket:exchange/lists from pg

begin;

drop function docket.export_list(uuid, text);
drop function docket_private.write_gantt(uuid);
drop function docket_private.write_csv(uuid);
drop function docket_private.csv_field(text);
drop function docket_private.write_markdown(uuid);
drop function docket_private.write_linear(uuid);
drop function docket_private.write_github(uuid);
drop function docket_private.listed_tasks(uuid);
drop function docket.import_list(text, text, bytea, text, jsonb, text, boolean, uuid);
drop function docket_private.refuse_format(text);
drop function docket_private.read_list(text, bytea, text, jsonb);

commit;
