-- Deploy pgdocket:delivery/put_deployment_scripts to pg
-- requires: delivery/deployment_scripts
-- requires: platform/idempotency_keys
-- requires: projects/update_project

begin;
set local role docket_owner;

-- Whoever changes what scripts there are, and what they depend on, does so one after the other in a
-- project. The script that is changed is always written, so that whoever waited with an older
-- snapshot can not serialize (40001).
create function docket_private.lock_scripts(project_id uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform
       from docket.deployment_scripts as s
      where s.project_id = lock_scripts.project_id
      order by s.script_id
        for no key update;
end;
$$;

comment on function docket_private.lock_scripts(uuid) is
    'Locks all deployment scripts of a project, in one order.';

create function docket_private.find_script(
    project_id  uuid,
    script_name text
) returns docket.deployment_scripts
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_script docket.deployment_scripts;
begin
    select s.* into v_script
      from docket.deployment_scripts as s
     where s.project_id  = find_script.project_id
       and s.script_name = find_script.script_name;

    if not found then
        raise exception 'deployment script % does not exist',
                        coalesce(quote_literal(left(find_script.script_name, 100)), 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_deployment_scripts() lists those of a project.';
    end if;

    return v_script;
end;
$$;

comment on function docket_private.find_script(uuid, text) is
    'A deployment script by its name, retired or not. Raises PD404.';

-- Behind the lock, with what the script depended on before taken away: what there is has no cycle,
-- and so every way from a script ends.
create function docket_private.check_script_cycle(
    script         docket.deployment_scripts,
    depends_on_ids uuid[]
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_waiting jsonb;
    v_here    uuid;
    v_path    uuid[] := array[script.script_id];
    v_names   text[];
begin
    -- All that waits for the script, with the shortest way to it.
      with recursive waiting as (
          select script.script_id as script_id, 0 as steps
           union
          select d.script_id, w.steps + 1
            from waiting as w
            join docket.deployment_script_dependencies as d
              on d.depends_on_id = w.script_id
             and d.project_id = script.project_id
      )
    select jsonb_object_agg(w.script_id, w.steps) into v_waiting
      from (
          select w.script_id, min(w.steps) as steps
            from waiting as w
           group by w.script_id
      ) as w;

    select g.script_id into v_here
      from unnest(check_script_cycle.depends_on_ids) as g (script_id)
     where v_waiting ? g.script_id::text
     order by (v_waiting ->> g.script_id::text)::integer
     limit 1;

    if not found then
        return;
    end if;

    -- A step at a time, each to one that is nearer.
    while v_here <> script.script_id loop
        v_path := v_path || v_here;
        v_here := (
            select d.depends_on_id
              from docket.deployment_script_dependencies as d
             where d.script_id = v_here
               and d.project_id = script.project_id
               and (v_waiting ->> d.depends_on_id::text)::integer
                   < (v_waiting ->> v_here::text)::integer
             limit 1);
    end loop;

    v_names := array(
        select s.script_name
          from unnest(v_path[:20] || script.script_id) with ordinality as p (script_id, place)
          join docket.deployment_scripts as s
            on s.script_id = p.script_id
           and s.project_id = script.project_id
         order by p.place);
    raise exception 'deployment scripts would wait for each other: %',
                    left(array_to_string(v_names, ' -> '), 1000)
        using errcode = 'PDCYC',
              detail  = jsonb_build_object(
                            'path', v_path[:20],
                            'length', cardinality(v_path),
                            'edge', jsonb_build_object(
                                        'script', v_names[1], 'depends_on', v_names[2]))::text,
              hint    = '"a -> b" reads "a depends on b". Leave out one of these.';
end;
$$;

comment on function docket_private.check_script_cycle(docket.deployment_scripts, uuid[]) is
    'Raises PDCYC where a script would depend on one that waits for it.';

create function docket_private.set_script_dependencies(
    script     docket.deployment_scripts,
    depends_on text[]
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_wanted  uuid[] := array(
        select distinct (docket_private.find_script(script.project_id, g.name)).script_id
          from unnest(set_script_dependencies.depends_on) as g (name));
    v_present uuid[] := array(
        select d.depends_on_id
          from docket.deployment_script_dependencies as d
         where d.script_id  = script.script_id
           and d.project_id = script.project_id);
begin
    if v_wanted @> v_present and v_wanted <@ v_present then
        return false;
    end if;

    delete from docket.deployment_script_dependencies as d
     where d.script_id  = script.script_id
       and d.project_id = script.project_id
       and d.depends_on_id <> all (v_wanted);

    perform docket_private.check_script_cycle(script, v_wanted);

    insert into docket.deployment_script_dependencies (script_id, project_id, depends_on_id)
    select script.script_id, script.project_id, g.script_id
      from unnest(v_wanted) as g (script_id)
     where g.script_id <> all (v_present);

    return true;
end;
$$;

comment on function docket_private.set_script_dependencies(docket.deployment_scripts, text[]) is
    'Lets a script depend on these, and no others. Returns whether that was a change. Raises PD404, PDCYC.';

-- What is told of a script, beside what is known of it.
create function docket_private.store_script(
    known      docket.deployment_scripts,
    given      docket.deployment_scripts,
    content    text,
    depends_on text[]
) returns docket.deployment_scripts
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_new  boolean := known.script_id is null;
    v_is_same boolean := coalesce(
        (known.content_hash, known.language)
        = (coalesce(given.content_hash, known.content_hash),
           coalesce(given.language, known.language)), false);
    v_script  docket.deployment_scripts := known;
    v_turned  boolean;
    v_retired text;
begin
    v_script.script_id    := coalesce(known.script_id, docket_private.new_id(given.project_id));
    v_script.project_id   := given.project_id;
    v_script.script_name  := given.script_name;
    v_script.description  := coalesce(given.description, known.description);
    v_script.language     := coalesce(given.language, known.language);
    v_script.environments := coalesce(given.environments, known.environments,
                                      '{development,staging,production}');
    v_script.version_no   := coalesce(known.version_no, 0) + (not v_is_same)::integer;
    v_script.content_hash := coalesce(given.content_hash, known.content_hash);
    v_script.content_size := coalesce(given.content_size, known.content_size);
    v_script.required_variables := coalesce(given.required_variables, known.required_variables,
                                            '{}');
    v_script.optional_variables := coalesce(given.optional_variables, known.optional_variables,
                                            '{}');
    v_script.required_permissions := coalesce(given.required_permissions,
                                              known.required_permissions, '{}');
    v_script.timeout_seconds := coalesce(given.timeout_seconds, known.timeout_seconds, 3600);
    v_script.max_attempts    := coalesce(given.max_attempts, known.max_attempts, 1);
    v_script.backoff_seconds := coalesce(given.backoff_seconds, known.backoff_seconds, 10);
    v_script.metadata        := coalesce(given.metadata, known.metadata, '{}');

    if v_is_new then
        insert into docket.deployment_scripts as s (
            script_id, project_id, script_name, description, language, environments, version_no,
            content_hash, content_size, required_variables, optional_variables,
            required_permissions, timeout_seconds, max_attempts, backoff_seconds, metadata)
        values (
            v_script.script_id, v_script.project_id, v_script.script_name, v_script.description,
            v_script.language, v_script.environments, v_script.version_no, v_script.content_hash,
            v_script.content_size, v_script.required_variables, v_script.optional_variables,
            v_script.required_permissions, v_script.timeout_seconds, v_script.max_attempts,
            v_script.backoff_seconds, v_script.metadata);
    end if;

    if not v_is_same then
        insert into docket.deployment_script_versions (
            script_id, project_id, version_no, language, content, content_hash, content_size)
        select v_script.script_id, v_script.project_id, v_script.version_no, v_script.language,
               coalesce(store_script.content, v.content), v_script.content_hash,
               v_script.content_size
          from (select) as one
          left join docket.deployment_script_versions as v
            on v.script_id = known.script_id
           and v.project_id = known.project_id
           and v.version_no = known.version_no;
    end if;

    v_turned := store_script.depends_on is not null
                and docket_private.set_script_dependencies(v_script, store_script.depends_on);

    v_retired := (
        select min(s.script_name)
          from docket.deployment_script_dependencies as d
          join docket.deployment_scripts as s
            on s.script_id = d.depends_on_id
           and s.project_id = d.project_id
         where d.script_id   = v_script.script_id
           and d.project_id  = v_script.project_id
           and s.archived_at is not null);
    if v_retired is not null then
        raise exception 'deployment script % depends on %, which is retired',
                        v_script.script_name, v_retired
            using errcode = 'PD409',
                  hint    = 'Put that one again, or leave it out of depends_on.';
    end if;

    -- Always written: see lock_scripts(). What it depends on is a change of it, too.
    if not v_is_new then
        update docket.deployment_scripts as s
           set description          = v_script.description,
               language             = v_script.language,
               environments         = v_script.environments,
               version_no           = v_script.version_no,
               content_hash         = v_script.content_hash,
               content_size         = v_script.content_size,
               required_variables   = v_script.required_variables,
               optional_variables   = v_script.optional_variables,
               required_permissions = v_script.required_permissions,
               timeout_seconds      = v_script.timeout_seconds,
               max_attempts         = v_script.max_attempts,
               backoff_seconds      = v_script.backoff_seconds,
               metadata             = v_script.metadata,
               archived_at          = null,
               version              = s.version + v_turned::integer
         where s.script_id  = v_script.script_id
           and s.project_id = v_script.project_id;
    end if;

    select s.* into v_script
      from docket.deployment_scripts as s
     where s.script_id  = v_script.script_id
       and s.project_id = v_script.project_id;
    return v_script;
end;
$$;

comment on function docket_private.store_script(
    docket.deployment_scripts, docket.deployment_scripts, text, text[]) is
    'Writes a script: what is given of it, and for the rest what is known. Raises PD404, PD409, PDCYC.';

create function docket.put_deployment_script(
    project_id           uuid,
    script_name          text,
    content              text    default null,
    language             text    default null,
    environments         text[]  default null,
    depends_on           text[]  default null,
    required_variables   text[]  default null,
    optional_variables   text[]  default null,
    required_permissions text[]  default null,
    timeout_seconds      integer default null,
    max_attempts         integer default null,
    backoff_seconds      integer default null,
    description          text    default null,
    content_hash         bytea   default null,
    metadata             jsonb   default null,
    expected_version     bigint  default null,
    request_id           uuid    default null
) returns docket.deployment_scripts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb  := docket_private.replay(request_id, 'put_deployment_script');
    v_most       bigint := (docket_private.setting('max_script_bytes') #>> '{}')::bigint;
    v_hash       bytea  := sha256(convert_to(put_deployment_script.content, 'UTF8'));
    v_known      docket.deployment_scripts;
    v_given      docket.deployment_scripts;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.deployment_scripts, v_answer);
    end if;

    perform docket_private.require_project(put_deployment_script.project_id);

    if octet_length(put_deployment_script.content) > v_most then
        raise exception 'the script has % bytes', octet_length(put_deployment_script.content)
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_script_bytes). Let it fetch what is large.', v_most);
    elsif cardinality(put_deployment_script.depends_on) > 100 then
        raise exception 'a script does not depend on % others',
                        cardinality(put_deployment_script.depends_on)
            using errcode = 'PD413',
                  hint    = 'At most 100.';
    elsif put_deployment_script.content_hash <> v_hash then
        raise exception 'the content of the script has another SHA-256'
            using errcode = 'PD422',
                  detail  = jsonb_build_object('found', encode(v_hash, 'hex'))::text,
                  hint    = 'It was damaged on its way, or the hash is of something else.';
    end if;

    perform docket_private.lock_scripts(put_deployment_script.project_id);

    select s.* into v_known
      from docket.deployment_scripts as s
     where s.project_id  = put_deployment_script.project_id
       and s.script_name = put_deployment_script.script_name;

    perform docket_private.require_version(
        'deployment script ' || left(put_deployment_script.script_name, 100),
        coalesce(v_known.version, 0), put_deployment_script.expected_version);

    if v_known.script_id is null
       and num_nulls(put_deployment_script.content, put_deployment_script.language) > 0 then
        raise exception 'there is no deployment script % yet, and a new one has content and language',
                        coalesce(quote_literal(left(put_deployment_script.script_name, 100)),
                                 'null')
            using errcode = 'PD422';
    end if;

    begin
        v_given.project_id   := put_deployment_script.project_id;
        v_given.script_name  := put_deployment_script.script_name;
        v_given.description  := put_deployment_script.description;
        v_given.language     := lower(btrim(put_deployment_script.language));
        v_given.environments := (
            select array_agg(
                       g.name
                       order by array_position(
                                    array['development', 'staging', 'production'], g.name))
              from (
                  select distinct lower(btrim(u.name)) as name
                    from unnest(put_deployment_script.environments) as u (name)
              ) as g
            having put_deployment_script.environments is not null);
        v_given.content_hash         := v_hash;
        v_given.content_size         := octet_length(put_deployment_script.content);
        v_given.required_variables   := put_deployment_script.required_variables;
        v_given.optional_variables   := put_deployment_script.optional_variables;
        v_given.required_permissions := put_deployment_script.required_permissions;
        v_given.timeout_seconds      := put_deployment_script.timeout_seconds;
        v_given.max_attempts         := put_deployment_script.max_attempts;
        v_given.backoff_seconds      := put_deployment_script.backoff_seconds;
        v_given.metadata             := docket_private.without_secrets(
                                            put_deployment_script.metadata);
        v_known := docket_private.store_script(
            v_known, v_given, put_deployment_script.content, put_deployment_script.depends_on);
    exception
        when unique_violation then
            raise exception 'somebody has put deployment script % at the same time',
                            left(put_deployment_script.script_name, 100)
                using errcode = '40001';
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'deployment script % is refused: %',
                            coalesce(quote_literal(left(put_deployment_script.script_name, 100)),
                                     'without a name'),
                            coalesce(
                                docket_private.constraint_text(
                                    'deployment_scripts', v_constraint),
                                case v_constraint
                                    when 'script_language_known'
                                        then 'a language is bash, python, node or sql'
                                    else left(sqlerrm, 300)
                                end)
                using errcode = 'PD422';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_known));
    return v_known;
end;
$$;

comment on function docket.put_deployment_script(
    uuid, text, text, text, text[], text[], text[], text[], text[], integer, integer, integer,
    text, bytea, jsonb, bigint, uuid) is
'Puts a deployment script into a project: a new one, or a change of the one with this name. Another
content (or language) is its next version, the same makes none. What is left out stays as it was;
one that was retired is in use again.

`script_name` names it (letters, digits and _ . : / -), `content` is what is run (up to the
setting max_script_bytes), `language` is bash, python, node or sql; a new one has both.
`content_hash` is the SHA-256 that the content has to have. `environments` are those it is for
(development, staging, production; all of them unless told). `depends_on` are the names of the
scripts that have to have succeeded before it (up to 100). `required_variables` are the names of
the environment variables without which it is not run, `optional_variables` of others that it
reads: never values. `required_permissions` are what whoever runs it has to have: project:admin
(an admin of the project) and role:NAME (a member of that role of PostgreSQL) are checked when it
is run, others are for people to read. `timeout_seconds` is how long it may run (3600),
`max_attempts` how often it is tried (1), `backoff_seconds` the wait after the first failure,
which doubles (10). `description` says what it is good for, `metadata` is an object.
`expected_version` is the version of the row that the caller has read, 0 for none. The same
`request_id` again returns the first answer. Returns the script. Raises PD404, PD403, PD409 (it
depends on one that is retired), PD413, PD422, PDCYC, PDVER.';

create function docket.retire_deployment_script(
    project_id  uuid,
    script_name text,
    request_id  uuid default null
) returns docket.deployment_scripts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'retire_deployment_script');
    v_script docket.deployment_scripts;
    v_needed text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.deployment_scripts, v_answer);
    end if;

    perform docket_private.require_project(retire_deployment_script.project_id);
    perform docket_private.lock_scripts(retire_deployment_script.project_id);
    v_script := docket_private.find_script(
        retire_deployment_script.project_id, retire_deployment_script.script_name);

    v_needed := (
        select min(s.script_name)
          from docket.deployment_script_dependencies as d
          join docket.deployment_scripts as s
            on s.script_id = d.script_id
           and s.project_id = d.project_id
         where d.depends_on_id = v_script.script_id
           and d.project_id    = v_script.project_id
           and s.archived_at is null);
    if v_needed is not null then
        raise exception 'deployment script % is needed by %', v_script.script_name, v_needed
            using errcode = 'PD409',
                  hint    = 'Retire that one first, or put it with other depends_on.';
    end if;

    update docket.deployment_scripts as s
       set archived_at = coalesce(s.archived_at, docket.clock())
     where s.script_id  = v_script.script_id
       and s.project_id = v_script.project_id
    returning s.* into v_script;

    perform docket_private.remember(request_id, to_jsonb(v_script));
    return v_script;
end;
$$;

comment on function docket.retire_deployment_script(uuid, text, uuid) is
'Retires a deployment script, by its `script_name`: it is in no plan and not run any more, and
what was deployed with it stays recorded. put_deployment_script() brings it back. The same
`request_id` again returns the first answer. Returns the script. Raises PD404, PD403, PD409
(others depend on it).';

revoke all on function docket_private.lock_scripts(uuid) from public;
revoke all on function docket_private.find_script(uuid, text) from public;
revoke all on function docket_private.check_script_cycle(docket.deployment_scripts, uuid[])
  from public;
revoke all on function docket_private.set_script_dependencies(docket.deployment_scripts, text[])
  from public;
revoke all on function docket_private.store_script(
    docket.deployment_scripts, docket.deployment_scripts, text, text[]) from public;
revoke all on function docket.put_deployment_script(
    uuid, text, text, text, text[], text[], text[], text[], text[], integer, integer, integer,
    text, bytea, jsonb, bigint, uuid) from public;
revoke all on function docket.retire_deployment_script(uuid, text, uuid) from public;
grant execute on function
    docket.put_deployment_script(
        uuid, text, text, text, text[], text[], text[], text[], text[], integer, integer, integer,
        text, bytea, jsonb, bigint, uuid),
    docket.retire_deployment_script(uuid, text, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
