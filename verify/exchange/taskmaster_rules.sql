-- Verify pgdocket:exchange/taskmaster_rules on pg

begin;

select 'docket_private.taskmaster_status(text)'::regprocedure;
select 'docket_private.script_number(text)'::regprocedure;
select 'docket_private.leading_number(text)'::regprocedure;
select 'docket_private.taskmaster_name(text, text, boolean, boolean)'::regprocedure;
select 'docket_private.script_text(json)'::regprocedure;
select 'docket_private.taskmaster_references(json, text)'::regprocedure;
select 'docket_private.taskmaster_entries(uuid, text, text)'::regprocedure;
select 'docket_private.refuse_taskmaster_entry(docket_private.rule_entry)'::regprocedure;
select 'docket_private.is_hidden_from_taskmaster(uuid, text)'::regprocedure;
select 'docket_private.next_by_taskmaster(uuid, text, text)'::regprocedure;

rollback;
