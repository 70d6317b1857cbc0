"""A generated Sqitch project: tables, indexes, functions and views as projects have them."""

from __future__ import annotations

from pathlib import Path

_STAMP = "2024-05-06T07:08:09Z Ada Lovelace <ada@example.com>"
# Seven statements each, which is what scripts of published projects have on the average.
_DEPLOY: tuple[str, ...] = (
    """create table shop.{name} (
    {name}_id bigint generated always as identity primary key,
    title text not null check (title <> ''),
    price numeric(12, 2) not null default 0 check (price >= 0),
    made_at timestamptz not null default now()
);
comment on table shop.{name} is 'Things of kind {name}; one row for each.';
comment on column shop.{name}.title is 'What people call it.';
comment on column shop.{name}.price is 'In the currency of the shop.';
create index {name}_title on shop.{name} (title text_pattern_ops);
alter table shop.{name} add constraint {name}_known check (title !~ '^ ');
grant select, insert, update, delete on shop.{name} to public;""",
    """alter table shop.{before} add column parent_id bigint references shop.{before};
alter table shop.{before} add column state text not null default 'new';
alter table shop.{before} add constraint {name}_state check (state in ('new', 'sold', 'gone'));
create index {name}_made_at on shop.{before} (made_at desc) where title <> '';
create index {name}_parent_id on shop.{before} (parent_id);
comment on index shop.{name}_made_at is 'The newest first.';
comment on column shop.{before}.state is 'new, sold or gone.';""",
    """create function shop.{name}(wanted bigint) returns text
language plpgsql stable as $body$
begin
    -- The newest one; there may be none.
    return (select t.title from shop.{table} as t where t.made_at < now() limit 1);
end;
$body$;
comment on function shop.{name}(bigint) is 'The title of the newest {table}.';
revoke all on function shop.{name}(bigint) from public;
grant execute on function shop.{name}(bigint) to public;
create function shop.{name}_touch() returns trigger
language plpgsql as $body$
begin
    new.made_at := coalesce(new.made_at, now());
    return new;
end;
$body$;
comment on function shop.{name}_touch() is 'Keeps made_at.';
create trigger {name}_touch before insert or update on shop.{table}
for each row execute function shop.{name}_touch();""",
    """create view shop.{name} as
select t.title, count(*) as amount
  from shop.{table} as t
 group by t.title;
comment on view shop.{name} is 'How many there are of each title.';
grant select on shop.{name} to public;
create view shop.{name}_newest as
select t.title, t.made_at
  from shop.{table} as t
 order by t.made_at desc
 limit 10;
comment on view shop.{name}_newest is 'The ten newest.';
grant select on shop.{name}_newest to public;
insert into shop.{table} (title, price)
values ('It''s; new', 1.50), ('Another', 2.25);""",
)
_REVERT: tuple[str, ...] = (
    "drop table shop.{name};",
    "alter table shop.{before} drop column state, drop column parent_id;\n"
    "drop index shop.{name}_made_at;",
    "drop trigger {name}_touch on shop.{table};\ndrop function shop.{name}_touch();\n"
    "drop function shop.{name}(bigint);",
    "drop view shop.{name}_newest;\ndrop view shop.{name};",
)
_VERIFY: tuple[str, ...] = (
    "select {name}_id, title, made_at from shop.{name} where false;",
    "select 1 / count(*) from pg_class where relname = '{name}_made_at';",
    "select has_function_privilege('shop.{name}(bigint)', 'execute');",
    "select title, amount from shop.{name} where false;",
)


def generate(folder: Path, count: int) -> Path:
    """Makes a project of so many changes, a tag after each 25th; returns its folder."""
    for kind in ("deploy", "revert", "verify"):
        (folder / kind).mkdir(parents=True)
    lines = ["%syntax-version=1.0.0", "%project=shop", "%uri=https://example.com/shop/", ""]
    lines.append(f"shop {_STAMP} # The schema of the shop.")
    _write(folder, "shop", "create schema shop;", "drop schema shop;", "select 1 / 1;")
    for number in range(count - 1):
        shape, names = number % 4, _names(number)
        requires = f"[shop {names['before']}]" if number else "[shop]"
        lines.append(f"{names['name']} {requires} {_STAMP} # Adds {names['name']} to the shop.")
        if number % 25 == 24:
            lines.append(f"@v{number} {_STAMP} # Version {number}.")
        deploy, revert, verify = (
            each[shape].format(**names) for each in (_DEPLOY, _REVERT, _VERIFY)
        )
        _write(folder, names["name"], deploy, revert, verify)
    (folder / "sqitch.plan").write_text("\n".join(lines) + "\n")
    (folder / "sqitch.conf").write_text("[core]\n\tengine = pg\n")
    return folder


def _names(number: int) -> dict[str, str]:
    before = f"thing_{number - 1}" if number else "shop"
    return {"name": f"thing_{number}", "before": before, "table": f"thing_{number // 4 * 4}"}


def _write(folder: Path, name: str, deploy: str, revert: str, verify: str) -> None:
    for kind, text, end in (
        ("deploy", deploy, "commit"),
        ("revert", revert, "commit"),
        ("verify", verify, "rollback"),
    ):
        head = f"-- {kind.capitalize()} shop:{name} to pg\n\nbegin;\n\n"
        (folder / kind / f"{name}.sql").write_text(f"{head}{text}\n\n{end};\n")
