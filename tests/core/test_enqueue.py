"""The message that a worker gets is the one that Celery itself would have sent."""

import json

import pytest
from celery.signals import before_task_publish
from django.conf import settings as shop
from redis import ConnectionError

from core.enqueue import Away, enqueue
from core.shared import shared_redis
from orders.tasks import submit_order
from sms.tasks import acquire_numbers

# Made anew for each message.
OWN = {"headers": ["id", "root_id", "shop_queued_at"], "properties": ["correlation_id", "delivery_tag"]}


@pytest.fixture
def taken():
    """What stands in a queue now, the oldest first; each message once."""
    broker = shared_redis(shop.CELERY_BROKER_URL, patience=5)
    prefix = shop.CELERY_BROKER_TRANSPORT_OPTIONS.get("global_keyprefix", "")

    def take(queue):
        found = []
        while (raw := broker.rpop(f"{prefix}{queue}")) is not None:
            found.append(json.loads(raw))
        return found

    take("submit")
    yield take
    take("submit")


@pytest.mark.parametrize(
    ("task", "given"),
    [(submit_order, {"order_id": 17, "nudged": True}), (acquire_numbers, {"purchase_id": 2**40, "nudged": False})],
)
def test_it_is_what_celery_would_have_sent(task, given, taken):
    task.apply_async(kwargs=given, retry=False)
    enqueue(task, **given)
    theirs, ours = taken("submit")
    for part, names in OWN.items():
        for name in names:
            assert type(theirs[part].pop(name)) is type(ours[part].pop(name)), name
    # What Sentry adds to Celery's own way, in a process where a test loaded it: a trace that our message has none of.
    for name in ("baggage", "headers", "sentry-trace", "sentry-task-enqueued-time"):
        theirs["headers"].pop(name, None)
    assert ours == theirs


def test_each_message_has_a_number_of_its_own(taken):
    enqueue(submit_order, order_id=1)
    enqueue(submit_order, order_id=1)
    one, other = taken("submit")
    for said in (one, other):
        assert said["headers"]["id"] == said["headers"]["root_id"] == said["properties"]["correlation_id"]
    assert one["headers"]["id"] != other["headers"]["id"]
    assert one["properties"]["delivery_tag"] != other["properties"]["delivery_tag"]


def test_whoever_looks_on_hears_of_it(taken):
    heard = []

    @before_task_publish.connect
    def note(sender, body, headers, routing_key, **_more):
        heard.append((sender, body[1], headers["task"], routing_key))

    enqueue(submit_order, order_id=17)
    assert heard == [("orders.tasks.submit_order", {"order_id": 17}, "orders.tasks.submit_order", "submit")]


def test_a_broker_that_is_away_is_told(settings, tmp_path):
    settings.CELERY_BROKER_URL = f"redis+socket://{tmp_path}/nobody.sock"
    with pytest.raises(Away, match="ConnectionError"):
        enqueue(submit_order, order_id=17)


def test_another_kind_of_broker_gets_it_by_celerys_own_way(settings, monkeypatch):
    asked = []
    monkeypatch.setattr(submit_order, "apply_async", lambda **options: asked.append(options))
    settings.CELERY_BROKER_URL = "filesystem://"
    enqueue(submit_order, order_id=17)
    assert asked == [{"kwargs": {"order_id": 17}, "retry": False}]


@pytest.mark.parametrize("word", ["REQUIRED", "NONE"])
def test_a_certificate_is_asked_for_in_celerys_words_too(word):
    broker = shared_redis(f"rediss://127.0.0.1:1/2?ssl_cert_reqs=CERT_{word}", patience=0.5)
    assert broker.connection_pool.connection_kwargs["ssl_cert_reqs"] == word.lower()
    with pytest.raises(ConnectionError):
        broker.ping()


def test_of_several_addresses_celery_alone_knows_which_it_uses():
    assert shared_redis("redis://one:6379/1;redis://other:6379/1", patience=0.5) is None
