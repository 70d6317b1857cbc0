-- Revert pgdocket:access/grant_access from pg

begin;

drop function docket.revoke_access(text, uuid, uuid, uuid);
drop function docket.grant_access(text, text, uuid, uuid, uuid);
drop function docket_private.require_other_admin(docket.members);
drop function docket_private.require_admin(uuid, uuid);

commit;
