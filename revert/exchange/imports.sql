-- Revert pgdocket:exchange/imports from pg

begin;

drop table docket.import_items;
drop table docket.imports;

commit;
