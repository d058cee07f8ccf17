"""Errors to Sentry, or what speaks its protocol, where SENTRY_DSN is set: without people, without secrets.

An error goes out with its traceback, the pattern of the request's address, and the ids that log lines carry. Not with
it go variables, bodies, cookies, headers, queries, addresses of people, or what was done before.
"""

from typing import TYPE_CHECKING, Any

from django.conf import settings

from core import context
from core.logs import LONGEST_EVENT
from core.masking import mask, masked

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport

# What goes out of an event, whatever the kit puts into it.
_KEPT = frozenset(
    (
        *("event_id", "timestamp", "level", "platform", "logger", "sdk", "release", "environment", "transaction"),
        *("transaction_info", "exception", "threads", "logentry", "message", "contexts", "tags"),
    )
)


def report_errors(*, transport: "Transport | None" = None) -> None:
    """Send errors from now on; `transport` takes the place of HTTP. Nothing is loaded where no DSN is set."""
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration
    from sentry_sdk.integrations.threading import ThreadingIntegration

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.RELEASE,
        environment=settings.SENTRY_ENVIRONMENT,
        transport=transport,
        before_send=scrubbed,
        include_local_variables=False,
        include_source_context=True,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=None,
        auto_session_tracking=False,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            AtexitIntegration(callback=lambda pending, timeout: None),
            CeleryIntegration(),
            DedupeIntegration(),
            DjangoIntegration(transaction_style="url", middleware_spans=False),
            ExcepthookIntegration(),
            LoggingIntegration(level=None),
            ThreadingIntegration(),
        ],
    )


def scrubbed(event: Any, hint: Any) -> Any:
    """The event as it may leave the house: `hint` is not asked, since what is in it does not go out."""
    event = {name: value for name, value in event.items() if name in _KEPT}
    facts = context.known()
    request = context.request()
    if request is not None:
        event["request"] = {"method": request.method, "url": context.route_of(request)}
    contexts = event.get("contexts", {})
    event["contexts"] = {name: contexts[name] for name in ("runtime", "trace") if name in contexts}
    for each in event.get("exception", {}).get("values", []):
        for frame in each.get("stacktrace", {}).get("frames", []):
            frame.pop("vars", None)
    event = masked(event)
    for each in event.get("exception", {}).get("values", []):
        if isinstance(each.get("value"), str):
            each["value"] = each["value"][:LONGEST_EVENT]
    event["tags"] = {**event.get("tags", {}), **{name: mask(str(value)) for name, value in facts.items()}}
    return event
