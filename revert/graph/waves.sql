-- Revert pgdocket:graph/waves from pg

begin;

drop function docket.critical_path(uuid, uuid, boolean);
drop function docket.waves(uuid, uuid, boolean);
drop function docket_private.longest_path(integer[], integer[], double precision[]);
drop function docket_private.longest_paths(integer[], integer[], double precision[]);

commit;
