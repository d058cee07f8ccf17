"""`/metrics`, in Prometheus's text format, for whoever has METRICS_TOKEN."""

import logging
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from core import metrics, metrics_store
from reseller.observe import gauges

log = logging.getLogger(__name__)

PART_OK = gauges.Gauge("shop_metrics_ok", "1 for each part of this page that could be read, else 0.", ("part",))
RELEASE = gauges.Gauge("shop_release", "Always 1; its label is the release that runs.", ("release",))


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Everything that is counted and measured. 404 while METRICS_TOKEN is not set, 401 without it as a bearer's."""
    token = settings.METRICS_TOKEN
    if not token:
        return HttpResponseNotFound("Not found.\n", content_type="text/plain")
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}"):
        return HttpResponse(
            "Unauthorized.\n", status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"}
        )
    return HttpResponse(generate_latest(_Collected(families())), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Collected:
    """What the client's own writer asks for its families."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


def families() -> list[Metric]:
    """Every metric with its values now; one without any is there too, with its help."""
    found: dict[gauges.Gauge, list[tuple[tuple[str, ...], float]]] = {
        gauge: [] for gauge in (*gauges.every(), PART_OK, RELEASE)
    }
    found[RELEASE].append(((settings.RELEASE,), 1))
    for name, look in gauges.parts(timezone.now()).items():
        try:
            values = list(look())
        except gauges.AWAY as error:
            log.warning("metrics: %s: %s", name, type(error).__name__)
            found[PART_OK].append(((name,), 0))
            continue
        found[PART_OK].append(((name,), 1))
        for gauge, labels, value in values:
            found[gauge].append((labels, value))
    counted: list[Metric] = []
    try:
        metrics.hand_over()
        counted = list(_counted(metrics.sums()))
        found[PART_OK].append((("counts",), 1))
    except metrics_store.Away as error:
        log.warning("metrics: counts: %s", error)
        found[PART_OK].append((("counts",), 0))
    return [*(_gauge(gauge, values) for gauge, values in found.items()), *counted]


def _gauge(gauge: gauges.Gauge, values: list[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def _counted(sums: dict[str, list[metrics.Sums]]) -> Iterator[Metric]:
    for name, known in sums.items():
        metric = metrics.declared[name]
        match metric:
            case metrics.Histogram():
                histogram = HistogramMetricFamily(name, metric.help, labels=metric.labels)
                for each in known:
                    histogram.add_metric(each.labels, list(_buckets(metric, each)), each.value)
                yield histogram
            case metrics.Counter():
                counter = CounterMetricFamily(name, metric.help, labels=metric.labels)
                for each in known:
                    counter.add_metric(each.labels, each.value)
                yield counter
            case _:
                gauge = GaugeMetricFamily(name, metric.help, labels=metric.labels)
                for each in known:
                    gauge.add_metric(each.labels, each.value)
                yield gauge


def _buckets(metric: metrics.Histogram, sums: metrics.Sums) -> Iterator[tuple[str, float]]:
    """Each bucket's upper end, and how many took no longer."""
    total = 0.0
    counts = sums.buckets or (0.0,) * (len(metric.bounds) + 1)
    for bound, count in zip([*map(str, metric.bounds), "+Inf"], counts, strict=True):
        total += count
        yield bound, total
