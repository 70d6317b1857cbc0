-- Deploy pgdocket:delivery/replay_webhook to pg
-- requires: delivery/ingest_github
-- requires: delivery/ingest_linear

begin;
set local role docket_owner;

create function docket.replay_webhook(webhook_delivery_id uuid) returns docket.webhook_deliveries
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project  uuid := (
        select d.project_id
          from docket.webhook_deliveries as d
         where d.webhook_delivery_id = replay_webhook.webhook_delivery_id);
    v_delivery docket.webhook_deliveries;
    v_payload  jsonb;
begin
    if v_project is null then
        raise exception 'delivery % does not exist',
                        coalesce(replay_webhook.webhook_delivery_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_webhook_deliveries() lists those of a project.';
    end if;

    perform docket_private.require_project(v_project);
    perform docket_private.share_graph(v_project);

    select d.* into strict v_delivery
      from docket.webhook_deliveries as d
     where d.webhook_delivery_id = replay_webhook.webhook_delivery_id
       and d.project_id          = v_project
       for no key update;

    v_payload := convert_from(v_delivery.body, 'UTF8')::jsonb;

    return case v_delivery.source
               when 'linear' then docket_private.process_linear(v_delivery, v_payload)
               else               docket_private.process_github(v_delivery, v_payload)
           end;
end;
$$;

comment on function docket.replay_webhook(uuid) is
'Takes in once more what was delivered as `webhook_delivery_id`, from its body: after a failure, or
when more is understood than then. What has been taken in already changes nothing.

Returns the delivery. Raises PD404, PD403.';

revoke all on function docket.replay_webhook(uuid) from public;
grant execute on function docket.replay_webhook(uuid)
   to docket_admin, docket_app, docket_agent;

commit;
