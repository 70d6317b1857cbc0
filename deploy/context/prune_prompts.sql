-- Deploy pgdocket:context/prune_prompts to pg
-- requires: context/ai_interactions
-- requires: context/prune_contexts

begin;
set local role docket_owner;

-- Prompts that nobody sent go after some time, and with them the pins of what they were made of.
-- One that an interaction names is what that was answered to, and stays as long.
insert into docket.settings (setting_key, value, description)
values ('prompt_build_days', '30', 'How long a prompt is kept that no interaction names, in days; null: for ever. A project may set its own.');

insert into docket_private.maintenance_rounds (step)
values ('prompts');

-- A project may set what it likes, and must not keep maintenance from the others by it.
create function docket_private.prompts_kept_for(project_settings jsonb) returns interval
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_days    jsonb := docket_private.setting('prompt_build_days', project_settings);
    v_seconds jsonb := docket_private.setting('prompt_cache_seconds', project_settings);
begin
    if jsonb_typeof(v_days) <> 'number' then
        return null;
    end if;

    return greatest(
        make_interval(days => least(greatest(v_days::numeric, 0), 100000)::integer),
        make_interval(secs => case jsonb_typeof(v_seconds)
                                  when 'number'
                                  then least(greatest(v_seconds::numeric, 0), 1000000000)
                                  else 0
                              end::double precision));
end;
$$;

comment on function docket_private.prompts_kept_for(jsonb) is
    'How long a project keeps a prompt that no interaction names: the setting prompt_build_days, but not less than the same prompt is given again; null for ever.';

-- As prune_tasks(): first locked, then judged again. Whoever records an interaction in the meantime
-- holds the prompt, which is passed over, or has been seen. Planned for keys, of whatever size the
-- tables are at that moment.
create function docket_private.prune_prompts(prompt_build_ids uuid[]) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_ids   uuid[];
    v_count bigint;
begin
    v_ids := array(
        select b.prompt_build_id
          from docket.prompt_builds as b
         where b.prompt_build_id = any (prune_prompts.prompt_build_ids)
           for update skip locked);

      with gone as (
          delete from docket.prompt_builds as b
           where b.prompt_build_id = any (v_ids)
             and not exists (
                     select
                       from docket.ai_interactions as i
                      where i.prompt_build_id = b.prompt_build_id
                        and i.project_id      = b.project_id
                     offset 0)
          returning b.prompt_build_id, b.project_id, b.task_id, b.included
      ), pins as (
          select g.task_id, g.project_id, i.item #>> '{source,id}' as context_type,
                 (i.item #>> '{source,version}')::integer as version,
                 'prompt build ' || g.prompt_build_id as pinned_for
            from gone as g
           cross join lateral jsonb_array_elements(g.included) as i (item)
           where i.item #>> '{source,kind}' = 'context'
      ), let_go as (
          delete from docket.context_pins as p
           using pins as n
           where p.task_id      = n.task_id
             and p.context_type = n.context_type
             and p.version      = n.version
             and p.project_id   = n.project_id
             and p.pinned_for   = n.pinned_for
      )
    select count(*) into v_count from gone;

    return v_count;
end;
$$;

comment on function docket_private.prune_prompts(uuid[]) is
    'Removes those of these prompts that no interaction names, with the pins of what they were made of. Returns how many.';

-- Ids are in the order of time: where the last that was looked at is too young to go, so is
-- whatever comes after it.
create function docket_private.prune_next_prompts(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
    v_after     uuid;
    v_old       uuid[];
    v_looked_at bigint;
    v_last      uuid;
    v_last_at   timestamptz;
    v_shortest  interval;
    v_count     bigint;
begin
    perform docket_private.require_operator();

    v_after := (
        select r.next_after
          from docket_private.maintenance_rounds as r
         where r.step = 'prompts'
           for update skip locked);
    if v_after is null then
        return 0;
    end if;

    v_shortest := least(
        docket_private.prompts_kept_for(null),
        (select min(docket_private.prompts_kept_for(p.settings))
           from docket.projects as p
          where p.settings ?| array['prompt_build_days', 'prompt_cache_seconds']));
    if v_shortest is null then
        return 0;
    end if;

      with page as materialized (
          select b.prompt_build_id, b.project_id, b.attempt_id, b.created_at
            from docket.prompt_builds as b
           where b.prompt_build_id > v_after
           order by b.prompt_build_id
           limit prune_next_prompts.at_most
      ), rules as materialized (
          select p.project_id,
                 docket.clock() - docket_private.prompts_kept_for(p.settings) as until
            from docket.projects as p
           where p.project_id in (select g.project_id from page as g)
      ), judged as (
          select g.*,
                 g.created_at < r.until
                 and not exists (
                         select
                           from docket.task_attempts as a
                          where a.attempt_id = g.attempt_id
                            and a.project_id = g.project_id
                            and a.outcome is null
                         offset 0)
                 and not exists (
                         select
                           from docket.ai_interactions as i
                          where i.prompt_build_id = g.prompt_build_id
                            and i.project_id      = g.project_id
                         offset 0) as goes
            from page as g
            join rules as r on r.project_id = g.project_id
      )
    select array_agg(j.prompt_build_id) filter (where j.goes), count(*), max(j.created_at),
           max(j.prompt_build_id::text)::uuid
      into v_old, v_looked_at, v_last_at, v_last
      from judged as j;

    v_count := docket_private.prune_prompts(v_old);

    update docket_private.maintenance_rounds as r
       set next_after = case
                            when v_looked_at = prune_next_prompts.at_most
                                 and v_last_at < docket.clock() - v_shortest
                            then v_last
                            else '00000000-0000-0000-0000-000000000000'
                        end
     where r.step = 'prompts';

    return v_count;
end;
$$;

comment on function docket_private.prune_next_prompts(bigint) is
    'A step of maintenance: removes of the next prompts of all projects, at most so many, those that nothing keeps any longer. Returns how many. Raises PD403.';

revoke all on function docket_private.prompts_kept_for(jsonb) from public;
revoke all on function docket_private.prune_prompts(uuid[]) from public;
revoke all on function docket_private.prune_next_prompts(bigint) from public;

commit;
