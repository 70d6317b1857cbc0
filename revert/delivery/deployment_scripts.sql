-- Revert pgdocket:delivery/deployment_scripts from pg

begin;

delete from docket.settings
 where setting_key in ('max_script_bytes', 'deployments_to_confirm');

drop table docket.deployment_script_dependencies;
drop table docket.deployment_script_versions;
drop table docket.deployment_scripts;
drop domain docket.deployment_environment;
drop domain docket.script_language;

commit;
