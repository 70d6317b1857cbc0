"""interaction: what agents said to models and tools, and what it took."""

from __future__ import annotations

from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, json_text, opened, the_project, the_task
from pgdocket.errors import InvalidArgument

_COLUMNS = {
    "interaction_id": "interaction",
    "created_at": "when",
    "agent_name": "agent",
    "interaction_type": "type",
    "model": "model",
    "success": "success",
    "execution_time_ms": "ms",
    "input_tokens": "tokens in",
    "output_tokens": "out",
}
_FIGURES = {
    "period_start": "from",
    "agent_name": "agent",
    "model": "model",
    "interaction_type": "type",
    "interactions": "interactions",
    "success_rate": "success",
    "latency_p50_ms": "p50 ms",
    "latency_p95_ms": "p95 ms",
    "input_tokens": "tokens in",
    "output_tokens": "out",
    "costs": "cost",
}
_PAGE = 1000


@click.group()
@common_options
def interaction() -> None:
    """Record and read what agents said to models and tools.

    Tokens and cost are charged to the budgets as they are recorded.

    \b
    Example:
      pgdocket interaction record shop-3 --agent anna --type review --input-tokens 1800
      pgdocket interaction performance --by agent --by model
    """


@interaction.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.option("--agent", "agent_name", required=True, help="Who asked.")
@click.option("--type", "interaction_type", required=True, help="What for; any word.")
@click.option(
    "--success/--failure", default=True, help="Whether it went well; it did, unless told."
)
@click.option("--request", "request_data", type=json_text, metavar="JSON", help="What was sent.")
@click.option("--response", "response_data", type=json_text, metavar="JSON", help="What came back.")
@click.option("--attempt", "attempt_id", metavar="ID", help="The attempt that it belongs to.")
@click.option("--session", "session_id", metavar="ID", help="The agent's session.")
@click.option("--conversation", "conversation_id", metavar="ID", help="The conversation.")
@click.option("--provider", "provider_name", help="Who serves the model.")
@click.option("--model", "request_model", help="The model that was asked for.")
@click.option("--operation", "operation_name", help="What was called: chat, execute_tool...")
@click.option("--input-tokens", type=int, help="Tokens of the request.")
@click.option("--output-tokens", type=int, help="Tokens of the answer.")
@click.option("--ms", "execution_time_ms", type=int, help="How long it took, in milliseconds.")
@click.option("--error", "error_type", help="What kind of error ended it.")
@click.option("--cost", "cost_amount", type=float, help="What it cost, in the project's currency.")
@click.pass_obj
def record(options: Options, /, reference: str, **fields: Any) -> None:
    """Record one exchange with a model or a tool for TASK.

    \b
    Example:
      pgdocket interaction record shop-3 --agent anna --type review --model m1 --ms 900
    """
    with opened(options) as docket:
        recorded = docket.record_interaction(
            task_id=the_task(docket, options, reference),
            **{name: value for name, value in fields.items() if value is not None},
        )
    if options.json:
        output.print_json(recorded)
    else:
        output.plain(f"recorded {recorded.interaction_id}")


@interaction.command("list")
@common_options
@click.argument("reference", metavar="[TASK]", required=False)
@click.option("--agent", "agent_name", help="Only this agent's.")
@click.option("--type", "interaction_type", help="Only this type.")
@click.option("--session", "session_id", metavar="ID", help="Only of this session.")
@click.option("--conversation", "conversation_id", metavar="ID", help="Only of this conversation.")
@click.option("--success/--failure", default=None, help="Only those that went well, or not.")
@click.option("--since", metavar="TIME", help="Only those from this time on.")
@click.option("--until", metavar="TIME", help="Only those before this time.")
@click.option("--after", metavar="ID", help="Go on after this interaction.")
@click.option("--limit", "page_size", type=int, default=20, show_default=True, help="How many.")
@click.pass_obj
def list_(options: Options, /, reference: str | None, **conditions: Any) -> None:
    """List the interactions of TASK or of the project, the newest first.

    \b
    Example:
      pgdocket interaction list shop-3 --agent anna --failure
    """
    with opened(options) as docket:
        found = docket.list_interactions(
            project_id=the_project(docket, options).project_id,
            task_id=the_task(docket, options, reference) if reference else None,
            **conditions,
        )
    _show(found, options)


@interaction.command()
@common_options
@click.option("--since", metavar="TIME", help="From this time on.")
@click.option("--until", metavar="TIME", help="Before this time.")
@click.option(
    "--by",
    "group_by",
    type=click.Choice(["agent", "model", "type", "period"]),
    multiple=True,
    default=["agent"],
    show_default=True,
    help="What makes a row; repeatable.",
)
@click.option(
    "--period",
    type=click.Choice(["hour", "day", "week", "month"]),
    default="day",
    show_default=True,
    help="How long a period is.",
)
@click.pass_obj
def performance(options: Options, /, **given: Any) -> None:
    """Show how agents did: success, time, tokens, cost.

    \b
    Example:
      pgdocket interaction performance --by agent --by period --period week
    """
    with opened(options) as docket:
        rows = docket.agent_performance(
            project_id=the_project(docket, options).project_id,
            **given | {"group_by": list(given["group_by"])},
        )
    output.table([as_row(each) for each in rows], _FIGURES, as_json=options.json)


@interaction.command()
@common_options
@click.argument("conversation_id", metavar="[CONVERSATION]", required=False)
@click.option("--session", "session_id", metavar="ID", help="What was said in this session.")
@click.option("--after", metavar="ID", help="Go on after this interaction.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="How many.")
@click.pass_obj
def conversation(options: Options, /, **given: Any) -> None:
    """Show a conversation as it went, or all of a session.

    \b
    Example:
      pgdocket interaction conversation thread-17 --json
      pgdocket interaction conversation --session s-4
    """
    if given["conversation_id"] is given["session_id"] is None:
        raise InvalidArgument("name a conversation, or a session with --session")
    with opened(options) as docket:
        found = docket.conversation(project_id=the_project(docket, options).project_id, **given)
    _show(found, options)


@interaction.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.pass_obj
def export(options: Options, reference: str) -> None:
    """Print all interactions of TASK in order, one JSON object on a line.

    \b
    Example:
      pgdocket interaction export shop-3
    """
    after = None
    with opened(options) as docket:
        task_id = the_task(docket, options, reference)
        while page := docket.export_interactions(task_id=task_id, after=after, page_size=_PAGE):
            for each in page:
                output.plain(output.to_json(output.without_secrets(each), indent=None))
            after = page[-1]["interaction_id"]


def _show(found: list[Any], options: Options) -> None:
    rows = [
        as_row(each)
        | ({} if options.json else {"model": each.response_model or each.request_model})
        for each in found
    ]
    output.table(rows, _COLUMNS, as_json=options.json, empty="nothing was recorded")
