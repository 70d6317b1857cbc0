-- Revert pgdocket:exchange/file_dependencies from pg

begin;

drop function docket_private.file_dependencies(docket_private.file_entry[], text);
drop function docket_private.cyclic_edges(integer[], integer[]);
drop type docket_private.file_reference;

commit;
