-- The statements of `pgdocket status`. Each begins after the line with its name.

-- name: present
-- What there is to ask: a database may have a registry and no schema, or neither.
select to_regclass('sqitch.changes') is not null                as registry,
       to_regproc('docket.queue_overview') is not null         as queue;

-- name: deployed
select c.change_id,
       c.change,
       c.committed_at
  from sqitch.changes as c
 where c.project = %(project)s
 order by c.committed_at, c.change;

-- name: queue
select q.project_id,
       q.slug,
       q.status,
       q.tasks
  from docket.queue_overview() as q
 order by q.slug, q.status;
