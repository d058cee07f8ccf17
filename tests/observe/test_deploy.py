"""What lies in `deploy/` for Prometheus and Grafana asks only for what `/metrics` tells, and leads to what to do."""

import json
import re
from pathlib import Path

import pytest
import yaml
from django.utils.text import slugify

from core import metrics
from reseller.observe import page

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DOCS = DEPLOY.parent / "docs"
RULES = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
ALERTS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
# What Prometheus itself knows of a scrape.
ITS_OWN = {"up", "scrape_duration_seconds"}
_METRIC = re.compile(r"\b(shop_\w+|up|scrape_duration_seconds)\s*(?:\{([^}]*)\})?")
_GROUPED = re.compile(r"\b(?:by|without)\s*\(([^)]*)\)")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


@pytest.fixture
def told(db, broker, client):
    """{name of a series: its labels}, as `/metrics` declares them."""
    client.get("/healthz")  # the first request has everything loaded
    found = {}
    for family in page.families():
        if family.name.startswith("test_"):  # another test's, in this process
            continue
        metric = metrics.declared.get(family.name) or metrics.declared.get(f"{family.name}_total")
        labels = set(family._labelnames)
        if family.type == "histogram":
            found |= {f"{family.name}_bucket": {*labels, "le"}}
            found |= {f"{family.name}_{part}": labels for part in ("count", "sum")}
        else:
            found[f"{family.name}_total" if family.type == "counter" else family.name] = labels
        assert metric is None or set(metric.labels) == labels
    return found


def expressions():
    yield from ((name, rule["expr"]) for name, rule in ALERTS.items())
    yield from ((panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"])


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_an_expression_asks_for_what_is_told(told, where, expression):
    asked = _METRIC.findall(expression)
    assert asked, where
    labels = set()
    for name, wanted in asked:
        assert name in told or name in ITS_OWN, f"{where}: nothing tells {name}"
        unknown = set(_LABEL.findall(re.sub(r'"[^"]*"', '""', wanted))) - told.get(name, {"job"})
        assert not unknown, f"{where}: {name} has no label {unknown}"
        labels |= told.get(name, set())
    for group in _GROUPED.findall(expression):
        assert {label.strip() for label in group.split(",")} <= labels, f"{where}: grouped by what nothing has: {group}"
    assert expression.count("(") == expression.count(")"), where


def test_every_metric_is_looked_at_by_somebody(told):
    text = " ".join(expression for _where, expression in expressions())
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in told}
    assert {name for name in families if name not in text} == set()


def test_the_dashboard_is_one_that_grafana_takes():
    assert DASHBOARD["uid"]
    assert DASHBOARD["title"]
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["source"]
    everything = DASHBOARD["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    taken = set()
    for panel in everything:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, f"{panel['title']} lies on another panel"
        taken |= cells
        for target in panel.get("targets", []):
            assert target["datasource"]["uid"] == "${source}"


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_is_wrong_and_leads_to_what_to_do(name):
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"]["summary"].endswith(".")
    page_, _, heading = rule["annotations"]["runbook"].partition("#")
    assert (page_, heading) == ("docs/observing.md", name.lower())
    assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))
    headings = re.findall(r"^#+ (.+)$", (DOCS / "observing.md").read_text(), re.M)
    assert heading in [slugify(each) for each in headings]


def test_the_list_of_metrics_in_the_docs_is_whole(told):
    text = (DOCS / "observing.md").read_text()
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in told}
    assert {name for name in families if f"`{name}`" not in text} == set()
    assert set(re.findall(r"`(shop_\w+)`", text)) <= families


def test_prometheus_reads_the_rules():
    settings = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    assert settings["rule_files"] == ["alerts.yml"]
    [job] = settings["scrape_configs"]
    assert (job["job_name"], job["metrics_path"]) == ("shop", "/metrics")
