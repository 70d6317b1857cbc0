"""What a collector gets: text that its own parser reads, and that a real Prometheus keeps."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from psycopg.types.json import Jsonb

from support.clients import eventually
from support.databases import ROOT, Database
from support.races import value
from support.sessions import Connect, Connection

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SAMPLES = [
    {"name": "depth", "value": 0.25, "labels": {"host": 'a"b\\c\nd', "project": "other"}},
    {"name": "served", "value": 5, "kind": "counter", "description": 'Said "so" \\ so'},
    *({"name": "took", "value": n, "kind": "timer"} for n in range(1, 101)),
    {"name": "balance", "value": -5, "kind": "summary"},
    # Names that others' samples end in.
    {"name": "took_timer_count", "value": 1},
    {"name": "served_counter_total", "value": 1, "kind": "timer"},
]


def fill(session: Connection) -> None:
    """Two projects that have a metric of the same name and of another kind each."""
    session.execute("set docket.fake_now = '2026-11-22 12:00+00'")
    for slug, kind in (("shop", "gauge"), ("other", "counter")):
        project = value(session, "select project_id from docket.create_project(%s)", slug)
        session.execute("select docket.create_task(%s, 'A task')", (project,))
        session.execute("select docket.register_component(%s, 'api', 'service')", (project,))
        session.execute(
            "select docket.record_metrics(%s, %s)",
            (project, Jsonb([*SAMPLES, {"name": "same", "value": 1, "kind": kind}])),
        )
    session.execute("select docket.maintain('{metrics}')")


def exposed(session: Connection) -> dict[str, dict[str, Any]]:
    """Each family by its name: its type, its documentation, and its samples."""
    text = value(session, "select docket.openmetrics()")
    assert text.endswith("\n# EOF\n")
    return {
        family.name: {
            "type": family.type,
            "help": family.documentation,
            "samples": {
                (sample.name, *sorted(sample.labels.items())): sample.value
                for sample in family.samples
                if sample.labels.get("project", "shop") == "shop"
            },
        }
        for family in text_string_to_metric_families(text)
    }


def test_it_is_what_the_parser_of_prometheus_reads(docket: Database, connect: Connect) -> None:
    session = connect(docket)
    fill(session)
    families = exposed(session)
    project = value(session, "select project_id::text from docket.projects where slug = 'shop'")
    labels = (("project", "shop"), ("project_id", project))
    assert families["docket_tasks"]["samples"] == {
        ("docket_tasks", *labels, ("status", "pending")): 1
    }
    assert families["depth_gauge"]["samples"] == {
        ("depth_gauge", ("host", 'a"b\\c\nd'), *labels): 0.25
    }
    assert families["served_counter"]["samples"] == {("served_counter_total", *labels): 5}
    assert families["served_counter"]["help"] == 'Said "so" \\ so (1)'
    took = families["took_timer"]["samples"]
    assert took["took_timer_count", *labels] == 100
    assert took["took_timer_sum", *labels] == 5050
    assert took["took_timer", *labels, ("quantile", "0.95")] == pytest.approx(95, rel=0.02)
    assert set(families["balance_summary"]["samples"]) == {("balance_summary_count", *labels)}
    assert (families["same_gauge"]["type"], families["same_counter"]["type"]) == (
        "gauge", "counter",
    )  # fmt: skip
    assert families["docket_components"]["samples"]


def test_whoever_collects_sees_what_he_may(
    docket: Database, connect: Connect, new_role: Any
) -> None:
    session = connect(docket)
    fill(session)
    collector = connect(docket, role=new_role("docket_metrics"))
    text = value(collector, "select docket.openmetrics()")
    assert "docket_maintenance_age_seconds" in text
    assert "shop" not in text


def test_the_dashboard_asks_for_names_that_there_are(docket: Database, connect: Connect) -> None:
    session = connect(docket)
    fill(session)
    names = {sample[0] for family in exposed(session).values() for sample in family["samples"]}
    dashboards = sorted((ROOT / "docs/grafana").glob("*.json"))
    assert dashboards
    for path in dashboards:
        panels = json.loads(path.read_text())["panels"]
        asked = {
            name
            for panel in panels
            for target in panel["targets"]
            for name in re.findall(r"\bdocket_\w+", target["expr"])
        }
        assert len(asked) > 5
        assert asked <= names


@contextmanager
def served(database: Database) -> Iterator[int]:
    """A server of the text, as any HTTP face would be: its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with psycopg.connect(database.conninfo) as connection:
                body = value(connection, "select docket.openmetrics()").encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[int]:
    """A Prometheus that collects from a port: its own."""
    program = which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed (Debian: prometheus)")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = folder / "prometheus.yml"
    config.write_text(
        "scrape_configs: [{job_name: docket, scrape_interval: 1s, scrape_timeout: 1s, "
        f"static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]\n"
    )
    process = subprocess.Popen(
        [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


def test_a_real_prometheus_collects_it(
    docket18: Database, connect: Connect, tmp_path: Path
) -> None:
    fill(connect(docket18))
    connect(docket18).execute("update docket.metrics set recorded_at = docket.clock()")
    with served(docket18) as target, prometheus(tmp_path, target) as port:

        def answer(query: str) -> Any:
            connection = HTTPConnection("127.0.0.1", port)
            try:
                connection.request("GET", "/api/v1/query?" + urlencode({"query": query}))
                response = connection.getresponse()
                return json.load(response)["data"]["result"] if response.status == 200 else None
            except OSError:
                return None
            finally:
                connection.close()

        [tasks] = eventually(lambda: answer('docket_tasks{project="shop"}'), "tasks", 30)
        assert tasks["value"][1] == "1"
        assert tasks["metric"]["status"] == "pending"
        [served_] = answer('served_counter_total{project="shop"}')
        assert served_["value"][1] == "5"
