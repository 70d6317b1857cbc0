-- Registry 1.0 to 1.1: two projects may have deploy scripts with the same text.

alter table :"registry".changes drop constraint changes_script_hash_key;
alter table :"registry".changes add unique (project, script_hash);

comment on schema :"registry" is 'Sqitch database deployment metadata v1.1.';
