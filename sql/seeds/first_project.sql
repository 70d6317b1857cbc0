-- The first project, so that there is something to add tasks to. It belongs to whoever runs this,
-- and so does the organization that it is made in, where he has none yet.
--
--     psql --set slug=shop --file sql/seeds/first_project.sql
--
-- Nothing is done where the caller sees a project; with "--set is_chosen=true", where he sees one
-- of that slug. Answers with the slug of the project that was made.

\if :{?slug}
\else
    \set slug tasks
\endif
\if :{?is_chosen}
\else
    \set is_chosen false
\endif

begin;

-- With the parts of pgdocket itself for its first components.
  with made as materialized (
      select p.*
        from docket.create_project(slug => :'slug') as p
       where not exists (
                 select
                   from docket.projects as k
                  where k.slug = :'slug'
                     or not :'is_chosen'::boolean)
  )
select m.slug
  from made as m
 cross join lateral (
           select count(docket.register_component(
                            m.project_id, c.name, c.kind, description => c.description)) as n
             from (values ('docket', 'database', 'PostgreSQL with the schema of pgdocket.'),
                          ('maintenance', 'job', 'What calls docket.maintain() every minute.'),
                          ('agents', 'workers', 'Who claim tasks and complete them.'))
                  as c (name, kind, description)
       ) as parts
 where parts.n = 3;

commit;
