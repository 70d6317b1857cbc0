"""metrics: what is measured, and what it was over time."""

from __future__ import annotations

from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, given, opened, the_project

_METRICS = {
    "name": "metric",
    "kind": "kind",
    "unit": "unit",
    "category": "category",
    "series_count": "series",
    "label_names": "labels",
    "description": "what",
}
_SERIES = {
    "bucket_at": "from",
    "group_labels": "labels",
    "value": "value",
    "sample_count": "samples",
    "read_from": "read from",
}
_KINDS = ["gauge", "counter", "histogram", "summary", "timer"]
_CATEGORIES = ["database", "application", "infrastructure", "business", "security"]
LABELS = click.option(
    "--label", "labels", metavar="NAME=VALUE", multiple=True, help="A label; repeatable."
)


def as_object(labels: tuple[str, ...]) -> dict[str, str]:
    pairs = [label.partition("=") for label in labels]
    for name, sign, _ in pairs:
        if not (name and sign):
            raise click.BadParameter(f"{name!r} is no NAME=VALUE", param_hint="--label")
    return {name: value for name, _, value in pairs}


@click.group()
@common_options
def metrics() -> None:
    """Show what is measured.

    \b
    Example:
      pgdocket metrics list
      pgdocket metrics show build_time --bucket 1h --aggregate p95
    """


@metrics.command(name="list")
@common_options
@click.option("--category", type=click.Choice(_CATEGORIES), help="What it is about.")
@LABELS
@click.pass_obj
def list_(options: Options, /, labels: tuple[str, ...], **fields: Any) -> None:
    """List the metrics of the project.

    \b
    Example:
      pgdocket metrics list --category infrastructure
    """
    with opened(options) as docket:
        found = docket.list_metrics(
            project_id=the_project(docket, options).project_id,
            labels=as_object(labels),
            page_size=1000,
            **given(fields),
        )
    output.table([as_row(each) for each in found], _METRICS, as_json=options.json)


@metrics.command()
@common_options
@click.argument("name", metavar="METRIC")
@click.option("--bucket", default="1 hour", show_default=True, help="How long a row is of.")
@click.option("--aggregate", help="How samples are taken together: avg, rate, p95...")
@click.option("--since", metavar="TIME", help="From when; else 24 buckets before the end.")
@click.option("--until", metavar="TIME", help="Until when; else now.")
@click.option("--by", "group_by", metavar="LABEL", multiple=True, help="Tell apart; repeatable.")
@LABELS
@click.pass_obj
def show(options: Options, /, name: str, labels: tuple[str, ...], **fields: Any) -> None:
    """Show what METRIC was over time.

    \b
    Example:
      pgdocket metrics show build_time --bucket "1 day" --aggregate p95 --by component
    """
    fields["group_by"] = list(fields["group_by"])
    with opened(options) as docket:
        found = docket.metric_series(
            project_id=the_project(docket, options).project_id,
            name=name,
            labels=as_object(labels),
            **given(fields),
        )
    output.table(
        [as_row(each) for each in found], _SERIES, as_json=options.json, empty="no samples"
    )


@metrics.command()
@common_options
@click.argument("name", metavar="METRIC")
@click.argument("sample_value", metavar="VALUE", type=float)
@click.option("--kind", type=click.Choice(_KINDS), help="How samples are taken together.")
@click.option("--unit", help="One of UCUM: ms, By, %, 1...")
@click.option("--category", type=click.Choice(_CATEGORIES), help="What it is about.")
@click.option("--component", help="The part of the system where.")
@click.option("--at", "recorded_at", metavar="TIME", help="When; else now.")
@LABELS
@click.pass_obj
def record(
    options: Options, /, name: str, sample_value: float, labels: tuple[str, ...], **fields: Any
) -> None:
    """Record that METRIC is VALUE.

    \b
    Example:
      pgdocket metrics record build_time 5312 --kind timer --label branch=main
    """
    with opened(options) as docket:
        sample = docket.record_metric(
            project_id=the_project(docket, options).project_id,
            name=name,
            sample_value=sample_value,
            labels=as_object(labels),
            **given(fields),
        )
    if options.json:
        output.print_json(sample)
    else:
        output.plain(f"{name} is {sample_value:.15g} {sample.unit}")


@metrics.command()
@common_options
@click.pass_obj
def export(options: Options) -> None:
    """Print all that there is to collect, as OpenMetrics 1.0.

    \b
    Example:
      pgdocket metrics export
    """
    with opened(options) as docket:
        text = docket.openmetrics()
    if options.json:
        output.print_json({"openmetrics": text})
    else:
        output.plain(text.removesuffix("\n"))
