"""alerts: what somebody is to look at, and the rules that say so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.maintain import seconds
from pgdocket.cli.metrics import LABELS, as_object
from pgdocket.cli.session import as_row, given, opened, the_project

if TYPE_CHECKING:
    from pgdocket.client import Docket

_ALERTS = {
    "alert_id": "alert",
    "severity": "severity",
    "state": "state",
    "rule_name": "rule",
    "about": "about",
    "value": "value",
    "started_at": "since",
    "acknowledged_by": "looked after by",
    "silenced_until": "silent until",
}
_HISTORY = {
    "recorded_at": "when",
    "operation": "what",
    "from_state": "from",
    "to_state": "to",
    "principal": "who",
}
_RULES = {
    "name": "rule",
    "kind": "kind",
    "severity": "severity",
    "what": "bad when",
    "open_alerts": "open",
    "evaluated_at": "evaluated",
    "problem": "problem",
}
_EVALUATED = {
    "name": "rule",
    "outcome": "outcome",
    "series_count": "judged",
    "transitions": "changed",
    "problem": "problem",
}
_STATES = ["open", "pending", "firing", "acknowledged", "resolved", "all"]
_SEVERITIES = ["low", "medium", "high", "critical"]
_KINDS = ["threshold", "rate", "anomaly", "absence", "budget", "component"]
_SIGNS = {"above": ">=", "below": "<=", "outside": ">= ±"}


@click.group()
@common_options
def alerts() -> None:
    """See what somebody is to look at, and say that you do.

    \b
    Example:
      pgdocket alerts list
      pgdocket alerts rules set "api is slow" threshold 800 --metric latency --aggregate p95
    """


@alerts.command("list")
@common_options
@click.option(
    "--state", type=click.Choice(_STATES), default="open", show_default=True, help="How they stand."
)
@click.option("--severity", type=click.Choice(_SEVERITIES), help="Only those as bad as that.")
@click.option("--rule", "rule_name", metavar="RULE", help="Only those of this rule.")
@click.option("--after", metavar="ALERT", help="Go on after this alert.")
@click.option("--limit", "page_size", type=int, default=50, show_default=True, help="How many.")
@click.pass_obj
def list_(options: Options, /, state: str, **conditions: Any) -> None:
    """List the alerts of the project, the newest first.

    \b
    Example:
      pgdocket alerts list --severity critical
    """
    with opened(options) as docket:
        found = docket.list_alerts(
            project_id=the_project(docket, options).project_id,
            state=None if state == "all" else state,
            **given(conditions),
        )
    rows = [as_row(each) | {"about": _about(each.labels)} for each in found]
    if not options.json:
        rows = [row | {"value": f"{float(row['value']):.6g}"} for row in rows]
    output.table(rows, _ALERTS, as_json=options.json, empty="no alerts")


def _about(labels: Any) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted((labels or {}).items()))


@alerts.command("history")
@common_options
@click.argument("alert_id", metavar="ALERT")
@click.pass_obj
def history(options: Options, alert_id: str) -> None:
    """Show what became of ALERT, and who did it.

    \b
    Example:
      pgdocket alerts history 01890a5d-ac96-7b53-8f3a-000000000001
    """
    with opened(options) as docket:
        found = docket.alert_history(alert_id=alert_id, page_size=1000)
    output.table([as_row(each) for each in found], _HISTORY, as_json=options.json)


@alerts.command()
@common_options
@click.argument("alert_id", metavar="ALERT")
@click.option("--note", help="What is being done.")
@click.pass_obj
def acknowledge(options: Options, alert_id: str, note: str | None) -> None:
    """Say that you look after ALERT.

    \b
    Example:
      pgdocket alerts acknowledge 01890a5d-ac96-7b53-8f3a-000000000001 --note "I look."
    """
    with opened(options) as docket:
        _show(docket.acknowledge_alert(alert_id=alert_id, note=note), options)


@alerts.command()
@common_options
@click.argument("alert_id", metavar="ALERT")
@click.option("--note", help="How it was resolved.")
@click.pass_obj
def resolve(options: Options, alert_id: str, note: str | None) -> None:
    """Say that ALERT is over; where it is not, a new one comes.

    \b
    Example:
      pgdocket alerts resolve 01890a5d-ac96-7b53-8f3a-000000000001 --note "Restarted."
    """
    with opened(options) as docket:
        _show(docket.resolve_alert(alert_id=alert_id, note=note), options)


@alerts.command()
@common_options
@click.argument("alert_id", metavar="ALERT")
@click.option("--for", "length", metavar="TIME", type=seconds, help="For how long: 30m, 8h.")
@click.option("--until", metavar="TIME", help="Until when.")
@click.option("--reason", required=True, help="Why nobody is to hear of it.")
@click.pass_obj
def silence(
    options: Options, alert_id: str, length: float | None, until: str | None, reason: str
) -> None:
    """Let nobody hear of ALERT for a while, nor of the next about the same.

    \b
    Example:
      pgdocket alerts silence 01890a5d-ac96-7b53-8f3a-000000000001 --for 8h --reason "Known."
    """
    if (length is None) == (until is None):
        raise click.UsageError("say --for how long, or --until when")
    end: Any = until if length is None else datetime.now(UTC) + timedelta(seconds=length)
    with opened(options) as docket:
        silenced = docket.silence_alert(alert_id=alert_id, until=end, reason=reason)
    if options.json:
        output.print_json(silenced)
    else:
        output.plain(f"silent until {output.text(silenced.silenced_until)}")


@alerts.command()
@common_options
@click.argument("alert_id", metavar="ALERT")
@click.pass_obj
def unsilence(options: Options, alert_id: str) -> None:
    """End the silence about ALERT.

    \b
    Example:
      pgdocket alerts unsilence 01890a5d-ac96-7b53-8f3a-000000000001
    """
    with opened(options) as docket:
        _show(docket.unsilence_alert(alert_id=alert_id), options)


def _show(alert: Any, options: Options) -> None:
    if options.json:
        output.print_json(alert)
    else:
        output.plain(" ".join(f"{alert.state}: {alert.rule_name} {_about(alert.labels)}".split()))


@alerts.command()
@common_options
@click.argument("rule_name", metavar="[RULE]", required=False)
@click.pass_obj
def evaluate(options: Options, rule_name: str | None) -> None:
    """Judge the project's rules, or RULE, now; maintenance does it every half minute.

    \b
    Example:
      pgdocket alerts evaluate
    """
    with opened(options) as docket:
        found = docket.evaluate_alerts(
            project_id=the_project(docket, options).project_id, rule_name=rule_name
        )
    output.table(
        [as_row(each) for each in found], _EVALUATED, as_json=options.json, empty="no rules"
    )


@alerts.group()
@common_options
def rules() -> None:
    """Say when somebody is to look.

    \b
    Example:
      pgdocket alerts rules set "component is silent" component --severity critical
    """


def _scope(docket: Docket, options: Options, is_global: bool) -> Any:
    return None if is_global else the_project(docket, options).project_id


@rules.command("list")
@common_options
@click.pass_obj
def list_rules(options: Options) -> None:
    """List the rules that count in the project.

    \b
    Example:
      pgdocket alerts rules list
    """
    with opened(options) as docket:
        found = docket.list_alert_rules(
            project_id=the_project(docket, options).project_id, page_size=1000
        )
    rows = [as_row(each) | {"what": _bad_when(each)} for each in found]
    output.table(rows, _RULES, as_json=options.json, empty="no rules")


def _bad_when(rule: Any) -> str:
    value = f"{rule.metric} {_about(rule.labels)}" if rule.metric else _about(rule.labels)
    aggregate = f"{rule.aggregate} of " if rule.aggregate else ""
    sign = _SIGNS[rule.comparison]
    shown = f"{aggregate}{value} {sign} {float(rule.threshold):.15g}"
    return " ".join(shown.split()) + ("" if rule.is_enabled else " (off)")


@rules.command("set")
@common_options
@click.argument("name", metavar="RULE")
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("threshold", metavar="[THRESHOLD]", type=float, required=False)
@click.option("--metric", help="The metric that is judged.")
@LABELS
@click.option("--by", "group_by", metavar="LABEL", multiple=True, help="Tell apart; repeatable.")
@click.option("--aggregate", help="How samples are taken together: avg, rate, p95...")
@click.option("--window", "time_window", metavar="TIME", help="The time that is judged: 5m.")
@click.option(
    "--comparison", type=click.Choice(["above", "below", "outside"]), help="Where it is bad."
)
@click.option("--clear", "clear_threshold", type=float, help="Beyond which value it is good again.")
@click.option("--fire-after", metavar="TIME", help="For how long it has to be bad.")
@click.option("--clear-after", metavar="TIME", help="For how long it has to be good again.")
@click.option("--severity", type=click.Choice(_SEVERITIES), help="How bad it is.")
@click.option("--weeks", "baseline_weeks", type=int, help="How many weeks say what is usual.")
@click.option("--description", help="What it means, and what to do.")
@click.option("--off", "is_off", is_flag=True, help="Do not evaluate it.")
@click.option("--global", "is_global", is_flag=True, help="In all projects.")
@click.pass_obj
def set_rule(
    options: Options, /, labels: tuple[str, ...], is_off: bool, is_global: bool, **fields: Any
) -> None:
    """Make RULE, or make it anew: bad is what reaches THRESHOLD.

    \b
    Example:
      pgdocket alerts rules set "disk is full" threshold 0.9 --metric disk --clear 0.8
    """
    with opened(options) as docket:
        rule = docket.set_alert_rule(
            project_id=_scope(docket, options, is_global),
            labels=as_object(labels),
            is_enabled=not is_off,
            **given(fields),
        )
    if options.json:
        output.print_json(rule)
    else:
        output.plain(f"{rule.name}: {_bad_when(rule)}")


@rules.command("delete")
@common_options
@click.argument("name", metavar="RULE")
@click.option("--global", "is_global", is_flag=True, help="The one of all projects.")
@click.pass_obj
def delete_rule(options: Options, name: str, is_global: bool) -> None:
    """Delete RULE, and resolve what it has open.

    \b
    Example:
      pgdocket alerts rules delete "disk is full"
    """
    with opened(options) as docket:
        rule = docket.delete_alert_rule(
            project_id=_scope(docket, options, is_global),
            name=name,
        )
    if options.json:
        output.print_json(rule)
    else:
        output.plain(f"deleted: {rule.name}")
