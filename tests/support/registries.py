"""Registries as older versions of Sqitch made them."""

# What a registry looked like before releases were recorded, and between the two releases.
VERSION_0 = (
    "set search_path = sqitch; drop table releases; alter table changes drop script_hash;"
    "alter table events drop constraint events_event_check, add constraint events_event_check"
    " check (event in ('deploy', 'revert', 'fail'));"
    "comment on schema sqitch is 'Sqitch database deployment metadata.'"
)
VERSION_1_0 = (
    "set search_path = sqitch; update releases set version = 1.0;"
    "alter table changes drop constraint changes_project_script_hash_key, add unique (script_hash);"
    "update changes set script_hash = change_id;"
    "comment on schema sqitch is 'Sqitch database deployment metadata v1.0.'"
)
