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

select (docket.create_project(slug => :'slug')).slug
 where not exists (
           select
             from docket.projects as p
            where p.slug = :'slug'
               or not :'is_chosen'::boolean);

commit;
