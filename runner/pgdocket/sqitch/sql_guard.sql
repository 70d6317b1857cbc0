-- What a script for psql does before its first change. {registry} is the quoted schema.

-- name: lock
-- Each change commits by itself: in a transaction around it all this would fail half-way.
do $$ begin commit; end $$;
-- Other deployments, sqitch's included, wait for the end of this session, and this one for theirs.
set lock_timeout = '{timeout}s';
\o /dev/null
select pg_catalog.pg_advisory_lock(75474063);
\o
reset lock_timeout;

-- name: no_registry
do $guard$
begin
    if to_regclass({changes}) is not null then
        raise exception 'This script is for a database without a registry, and this one has one.'
        using hint = 'Make a new script for the present state.';
    end if;
end
$guard$;

-- name: state
do $guard$
declare
    v_version text := '0';
    v_digest  text;
begin
    if to_regclass({changes}) is null then
        raise exception 'This script is for a database with a registry, and this one has none.'
        using hint = 'Make a new script for the present state.';
    end if;
    if to_regclass({releases}) is not null then
        select coalesce(max(r.version)::text, {version})
          into v_version
          from {registry}.releases as r;
    end if;
    if v_version is distinct from {version} then
        raise exception 'This script is for another version of the registry than %.', v_version
        using hint = 'Make a new script for the present state.';
    end if;
    select md5(
               coalesce(
                   string_agg(c.change_id, ',' order by c.project collate "C", c.committed_at), ''))
      into v_digest
      from {registry}.changes as c
     where c.project in ({projects});
    if v_digest is distinct from {digest} then
        raise exception 'This script is for another state of this database.'
        using detail = format('It was made for this: %s.', {state}),
              hint = 'Make a new script for the present state.';
    end if;
end
$guard$;
