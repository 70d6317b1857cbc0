-- Deploy pgdocket:graph/weigh_tasks to pg
-- requires: graph/claim_orders
-- requires: graph/ready_tasks
-- requires: graph/waves

begin;
set local role docket_owner;

-- Ready rows that somebody holds are passed over: who holds one is claiming it, or enters it anew.
create function docket_private.reorder_ready(project_id uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
      with stale as materialized (
          select r.task_id, u.urgency
            from docket.ready_tasks as r
            left join docket_private.claim_orders as o
              on o.project_id = r.project_id
            left join docket_private.task_weights as w
              on w.project_id = r.project_id
             and w.task_id = r.task_id
           cross join lateral (
               select docket_private.urgency(o.claim_order, r.priority, w.weight) as urgency
           ) as u
           where r.project_id = reorder_ready.project_id
             and r.urgency <> u.urgency
             for update of r skip locked
      )
    update docket.ready_tasks as r
       set urgency = s.urgency
      from stale as s
     where r.task_id    = s.task_id
       and r.project_id = reorder_ready.project_id;
end;
$$;

comment on function docket_private.reorder_ready(uuid) is
    'Puts the ready tasks of a project into the order that its claims go by now.';

-- Called by a claim that finds the graph changed since. One session does it while the others go
-- on with the weights there are; it takes no key and waits for no row.
create function docket_private.weigh_tasks(project_id uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = off
set enable_hashjoin = on
set jit = off
as $$
declare
    v_version bigint;
    v_edges   bigint;
begin
    if not pg_try_advisory_xact_lock(
               uuid_hash_extended(weigh_tasks.project_id, 1)) then
        return;
    end if;

    -- Before the look at the graph: what changes meanwhile is weighed the next time.
    v_version := (
        select g.version
          from docket_private.project_graphs as g
         where g.project_id = weigh_tasks.project_id);

      with chosen as materialized (
          -- The last of the graph first: a chain grows from its end.
          select t.task_id,
                 coalesce(t.estimated_effort, avg(t.estimated_effort) over (), 1) as effort,
                 row_number() over (order by n.rank desc nulls last, t.task_id)::integer as place
            from docket.tasks as t
            left join docket_private.task_nodes as n
              on n.project_id = t.project_id
             and n.task_id = t.task_id
           where t.project_id = weigh_tasks.project_id
             and t.status not in ('completed', 'cancelled')
             and t.archived_at is null
      ), edges as materialized (
          select d.place as dependent, p.place as prerequisite
            from docket.task_dependencies as e
            join chosen as d on d.task_id = e.task_id
            join chosen as p on p.task_id = e.depends_on_id
           where e.project_id = weigh_tasks.project_id
             and e.dependency_type = 'blocks'
      ), paths as materialized (
          select p.totals
            from docket_private.longest_paths(
                     (select array_agg(e.dependent order by e.dependent) from edges as e),
                     (select array_agg(e.prerequisite order by e.dependent) from edges as e),
                     (select array_agg(c.effort::double precision order by c.place)
                        from chosen as c)) as p
      ), weights as (
          select c.task_id, least(round(l.total * 1000), 1::bigint << 39)::bigint as weight
            from paths as p
           cross join lateral unnest(p.totals) with ordinality as l (total, place)
            join chosen as c on c.place = l.place
      ), written as (
          insert into docket_private.task_weights as w (project_id, task_id, weight)
          select weigh_tasks.project_id, n.task_id, n.weight
            from weights as n
              on conflict on constraint task_weights_pkey
              do update set weight = excluded.weight where w.weight <> excluded.weight
      )
    select count(*) into v_edges
      from edges as e;

    update docket_private.claim_orders as o
       set weighed_version = v_version,
           weighed_edges   = v_edges,
           weighed_at      = docket.clock()
     where o.project_id = weigh_tasks.project_id;

    perform docket_private.reorder_ready(weigh_tasks.project_id);
end;
$$;

comment on function docket_private.weigh_tasks(uuid) is
    'Finds anew how much work hangs on each unfinished task of a project, for claims in the order critical_path.';

create function docket_private.follow_claim_order() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_order text := docket_private.setting('claim_order', new.settings) #>> '{}';
begin
    if v_order is null or v_order not in ('priority', 'critical_path', 'oldest') then
        raise exception 'a claim_order of % is not known',
                        coalesce(quote_literal(left(v_order, 100)), 'null')
            using errcode = 'PD422',
                  hint    = 'One of priority, critical_path, oldest.';
    end if;

    if tg_op = 'UPDATE' then
        perform docket_private.lock_graph(new.project_id);
    end if;

    delete from docket_private.claim_orders as o
     where o.project_id = new.project_id
       and o.claim_order <> v_order;

    insert into docket_private.claim_orders (project_id, claim_order)
    select new.project_id, v_order
     where v_order <> 'priority'
        on conflict on constraint claim_orders_pkey do nothing;

    perform docket_private.reorder_ready(new.project_id);
    return null;
end;
$$;

comment on function docket_private.follow_claim_order() is
    'Follows the setting claim_order of a project. Raises PD422.';

create trigger projects_claim_order_insert after insert on docket.projects
    for each row execute function docket_private.follow_claim_order();
create trigger projects_claim_order_update after update on docket.projects
    for each row
    when ((old.settings -> 'claim_order') is distinct from (new.settings -> 'claim_order'))
    execute function docket_private.follow_claim_order();

-- The docket's own value counts where a project has none.
create function docket_private.follow_default_claim_order() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from docket_private.claim_orders as o
     using docket.projects as p
     where p.project_id = o.project_id
       and not p.settings ? 'claim_order';

    insert into docket_private.claim_orders (project_id, claim_order)
    select p.project_id, new.value #>> '{}'
      from docket.projects as p
     where not p.settings ? 'claim_order'
       and new.value #>> '{}' <> 'priority';

    perform docket_private.reorder_ready(p.project_id)
       from docket.projects as p
      where not p.settings ? 'claim_order';

    return null;
end;
$$;

comment on function docket_private.follow_default_claim_order() is
    'Follows the docket''s setting claim_order into the projects that have none of their own.';

create trigger settings_claim_order after update on docket.settings
    for each row when (new.setting_key = 'claim_order' and old.value <> new.value)
    execute function docket_private.follow_default_claim_order();

revoke all on function docket_private.reorder_ready(uuid) from public;
revoke all on function docket_private.weigh_tasks(uuid) from public;
revoke all on function docket_private.follow_claim_order() from public;
revoke all on function docket_private.follow_default_claim_order() from public;

commit;
