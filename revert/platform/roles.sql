-- Revert pgdocket:platform/roles from pg

begin;

-- A role that another database of the cluster still uses stays, and one that others have made.
do $$
declare
    v_role text;
begin
    foreach v_role in array array[
        'docket_maintenance', 'docket_gateway', 'docket_metrics', 'docket_auditor',
        'docket_reader', 'docket_agent', 'docket_app', 'docket_admin', 'docket_owner'
    ] loop
        begin
            execute format('drop role if exists %I', v_role);
        exception
            when dependent_objects_still_exist or insufficient_privilege then null;
            -- Looking up who uses it, the server met a database that is just being dropped.
            when internal_error then null;
        end;
    end loop;
end;
$$;

commit;
