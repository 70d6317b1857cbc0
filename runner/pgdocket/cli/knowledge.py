"""knowledge: what a project knows beyond its tasks, and what was found out."""

from __future__ import annotations

from typing import IO, Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, given, json_text, opened, the_project, the_task

_COLUMNS = {
    "document_key": "document",
    "kind": "kind",
    "title": "title",
    "tags": "tags",
    "review_at": "review",
    "version": "version",
}
_FOUND = {"document_key": "document", "heading": "section", "title": "title", "headline": "text"}
_LEARNED = {
    "pattern_key": "pattern",
    "confidence": "confidence",
    "evidence": "evidence",
    "pattern": "what",
    "tags": "tags",
}


@click.group()
@common_options
def knowledge() -> None:
    """Keep and find what the project knows.

    Documents are text or Markdown, and are found by their sections.

    \b
    Example:
      pgdocket knowledge put deploy README.md --title "How we deploy" --tag ops
      pgdocket knowledge search rollback
    """


@knowledge.command()
@common_options
@click.argument("document_key", metavar="DOCUMENT")
@click.argument("file", type=click.File(encoding="utf-8"), default="-")
@click.option("--title", help="Its title; DOCUMENT unless given.")
@click.option("--kind", help="What it is: document, guide, decision... any word.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by; repeatable.")
@click.option("--source", "sources", multiple=True, help="What it rests on; repeatable.")
@click.option("--review", "review_at", metavar="TIME", help="When it should be looked at again.")
@click.option("--language", help="The language of its words, such as english.")
@click.option("--expect", "expected_version", type=int, help="The version read; 0: none.")
@click.pass_obj
def put(
    options: Options, /, document_key: str, file: IO[str], title: str | None, **fields: Any
) -> None:
    """Put FILE (or standard input) into the knowledge base as DOCUMENT.

    \b
    Example:
      pgdocket knowledge put adr-12 README.md --kind decision --review 2027-01-01
    """
    with opened(options) as docket:
        document = docket.put_knowledge(
            project_id=the_project(docket, options).project_id,
            document_key=document_key,
            title=title or document_key,
            content=file.read(),
            **given(fields),
        )
    if options.json:
        output.print_json(document)
    else:
        output.plain(f"{document.document_key} is at version {document.version}")


@knowledge.command()
@common_options
@click.argument("document_key", metavar="DOCUMENT")
@click.option("--version", type=int, help="As it was in this version.")
@click.pass_obj
def show(options: Options, document_key: str, version: int | None) -> None:
    """Show a document.

    \b
    Example:
      pgdocket knowledge show deploy --version 1
    """
    with opened(options) as docket:
        document = docket.get_knowledge(
            project_id=the_project(docket, options).project_id,
            document_key=document_key,
            version=version,
        )
    if options.json:
        output.print_json(document)
    else:
        output.plain(document.content)


@knowledge.command("list")
@common_options
@click.option("--kind", help="Only of this kind.")
@click.option("--tag", "tags_all", multiple=True, help="Only with this tag; repeatable.")
@click.option("--review-before", metavar="TIME", help="Only what is to be looked at before then.")
@click.option("--archived", "include_archived", is_flag=True, help="Also what was put away.")
@click.option("--after", metavar="DOCUMENT", help="Go on after this one.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="How many.")
@click.pass_obj
def list_(options: Options, /, **conditions: Any) -> None:
    """List the documents of the project.

    \b
    Example:
      pgdocket knowledge list --kind decision
    """
    with opened(options) as docket:
        found = docket.list_knowledge(
            project_id=the_project(docket, options).project_id,
            **given(conditions),
        )
    output.table([as_row(each) for each in found], _COLUMNS, as_json=options.json)


@knowledge.command()
@common_options
@click.argument("query")
@click.option("--kind", "kinds", multiple=True, help="Only of this kind; repeatable.")
@click.option("--tag", "tags_any", multiple=True, help="Only with one of these; repeatable.")
@click.option("--limit", "page_size", type=int, default=20, show_default=True, help="How many.")
@click.pass_obj
def search(
    options: Options,
    query: str,
    kinds: tuple[str, ...],
    tags_any: tuple[str, ...],
    page_size: int,
) -> None:
    """Find the documents, and the sections in them, that say what QUERY asks for.

    \b
    Example:
      pgdocket knowledge search "rollback -database" --tag ops
    """
    with opened(options) as docket:
        found = docket.search_knowledge(
            project_id=the_project(docket, options).project_id,
            query=query,
            kinds=list(kinds) or None,
            tags_any=list(tags_any) or None,
            page_size=page_size,
        )
    rows = [as_row(each) for each in found]
    output.table(rows, _FOUND, as_json=options.json, empty="nothing says that")


@knowledge.command()
@common_options
@click.argument("document_key", metavar="DOCUMENT")
@click.pass_obj
def archive(options: Options, document_key: str) -> None:
    """Put a document away.

    \b
    Example:
      pgdocket knowledge archive adr-12
    """
    with opened(options) as docket:
        document = docket.get_knowledge(
            project_id=the_project(docket, options).project_id, document_key=document_key
        )
        document = docket.archive_knowledge(knowledge_id=document.knowledge_id)
    if options.json:
        output.print_json(document)
    else:
        output.plain(f"{document.document_key} is put away")


@knowledge.command()
@common_options
@click.argument("pattern_key", metavar="PATTERN")
@click.option("--what", "pattern", help="What was found out; needed the first time.")
@click.option(
    "--for/--against", "confirmed", default=None, help="What was seen speaks for it, or not."
)
@click.option("--task", "reference", metavar="TASK", help="The task that showed it.")
@click.option("--type", "pattern_type", help="What it is: pattern, risk... any word.")
@click.option("--tag", "tags", multiple=True, help="A tag of tasks that it is about; repeatable.")
@click.option("--weight", type=float, help="How much it counts; 1 unless given.")
@click.option("--note", help="What was seen.")
@click.option("--details", type=json_text, metavar="JSON", help="More of it, for programs.")
@click.pass_obj
def learn(options: Options, /, pattern_key: str, reference: str | None, **fields: Any) -> None:
    """Write down what was found out, and what speaks for it or against it.

    \b
    Example:
      pgdocket knowledge learn retry-429 --what "Waiting 60 s helps" --for --task shop-3
    """
    with opened(options) as docket:
        learned_now = docket.record_learning(
            project_id=the_project(docket, options).project_id,
            pattern_key=pattern_key,
            task_id=the_task(docket, options, reference) if reference else None,
            **given(fields),
        )
    if options.json:
        output.print_json(learned_now)
    else:
        output.plain(f"{pattern_key}: confidence {learned_now.confidence}")


@knowledge.command()
@common_options
@click.argument("query", required=False)
@click.option("--type", "pattern_type", help="Only of this type.")
@click.option("--tag", "tags_any", multiple=True, help="Only with one of these; repeatable.")
@click.option("--sure", "min_confidence", type=float, default=0.0, help="At least as sure, 0 to 1.")
@click.option("--limit", "page_size", type=int, default=20, show_default=True, help="How many.")
@click.pass_obj
def learned(options: Options, /, **conditions: Any) -> None:
    """List what was found out, the surest first.

    \b
    Example:
      pgdocket knowledge learned --tag web --sure 0.7
    """
    with opened(options) as docket:
        found = docket.learned(
            project_id=the_project(docket, options).project_id,
            **given(conditions),
        )
    rows = [as_row(each) for each in found]
    output.table(rows, _LEARNED, as_json=options.json, empty="nothing was learned yet")
