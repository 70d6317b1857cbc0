"""A generated Sqitch project: tables, indexes, functions and views as projects have them."""

from __future__ import annotations

from pathlib import Path

_STAMP = "2024-05-06T07:08:09Z Ada Lovelace <ada@example.com>"
_DEPLOY: tuple[str, ...] = (
    "create table shop.{name} (\n    {name}_id bigint generated always as identity primary key,\n"
    "    title text not null check (title <> ''),\n    made_at timestamptz not null default now()\n"
    ");\ncomment on table shop.{name} is 'Things of kind {name}; one row for each.';",
    "create index {name}_made_at on shop.{before} (made_at desc)\n where title <> '';",
    "create function shop.{name}(wanted bigint) returns text\nlanguage plpgsql stable as $body$\n"
    "begin\n    return (select t.title from shop.{table} as t where t.made_at < now() limit 1);\n"
    "end;\n$body$;",
    "create view shop.{name} as\nselect t.title, count(*) as amount\n  from shop.{table} as t\n"
    " group by t.title;",
)
_REVERT: tuple[str, ...] = (
    "drop table shop.{name};",
    "drop index shop.{name}_made_at;",
    "drop function shop.{name}(bigint);",
    "drop view shop.{name};",
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
