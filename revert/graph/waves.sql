-- Revert pgdocket:graph/waves from pg

begin;

drop function docket.critical_path(uuid, uuid, boolean, integer, integer);
drop function docket.waves(uuid, uuid, boolean, integer, integer, uuid);
drop function docket_private.longest_path(integer[], integer[], double precision[]);
drop function docket_private.longest_paths(integer[], integer[], double precision[]);
drop function docket_private.wave_numbers(integer[], integer[], bigint);

commit;
