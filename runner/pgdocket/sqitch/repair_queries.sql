-- Every statement with which a repair writes to the registry. {registry} is the quoted schema.

-- name: forget_script_hash
-- First for all, so that two changes can exchange theirs.
update {registry}.changes as c
   set script_hash = null
 where c.change_id = any(%(change_ids)s);

-- name: set_script_hash
update {registry}.changes as c
   set script_hash = %(script_hash)s
 where c.change_id = %(change_id)s;

-- name: rewrite_change
-- When it was deployed, and by whom, stays; tags and dependencies follow by their foreign keys.
update {registry}.changes as c
   set change_id = %(change_id)s,
       change = %(change)s,
       note = %(note)s,
       planned_at = %(planned_at)s,
       planner_name = %(planner_name)s,
       planner_email = %(planner_email)s
 where c.change_id = %(old_id)s;

-- name: delete_dependencies
delete from {registry}.dependencies as d
      where d.change_id = %(change_id)s;

-- name: rewrite_tag
update {registry}.tags as t
   set tag_id = %(tag_id)s,
       change_id = %(change_id)s,
       note = %(note)s,
       planned_at = %(planned_at)s,
       planner_name = %(planner_name)s,
       planner_email = %(planner_email)s
 where t.project = %(project)s
   and t.tag = %(tag)s;

-- name: delete_tag
delete from {registry}.tags as t
      where t.project = %(project)s
        and t.tag = %(tag)s;

-- name: delete_change
with tag as (
    delete from {registry}.tags as t
          where t.change_id = %(change_id)s
)
delete from {registry}.changes as c
      where c.change_id = %(change_id)s;

-- name: audit
-- The event of a change as it stands, with what the repair did in the place of its note.
insert into {registry}.events (
    event, change_id, change, project, note, requires, conflicts, tags, committed_at,
    committer_name, committer_email, planned_at, planner_name, planner_email)
select %(event)s,
       c.change_id,
       c.change,
       c.project,
       %(text)s,
       array(
             select d.dependency
               from {registry}.dependencies as d
              where d.change_id = c.change_id
                and d.type = 'require'
           order by d.ctid),
       array(
             select d.dependency
               from {registry}.dependencies as d
              where d.change_id = c.change_id
                and d.type = 'conflict'
           order by d.ctid),
       array(
             select t.tag
               from {registry}.tags as t
              where t.change_id = c.change_id
           order by t.committed_at),
       clock_timestamp(),
       %(name)s,
       %(email)s,
       c.planned_at,
       c.planner_name,
       c.planner_email
  from {registry}.changes as c
 where c.change_id = %(change_id)s;
