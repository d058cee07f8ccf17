"""Hostile text in every column that holds what a vendor, a customer or an operator wrote.

A new column of text is poisoned by itself; what only our code writes is named here.
"""

from itertools import islice

from django.apps import apps
from django.db import DatabaseError, models, transaction

from core.secrets import EncryptedTextField
from tests.security.markup import FULL, SHORT

ROOMS = {
    *("core", "accounts", "notices", "conduct", "wallet", "funds", "catalog", "orders", "sms", "desk", "reconcile"),
    *("api", "upstream", "mfa", "usersessions", "auth"),
}
# Tables that nobody's words get into.
NO_WORDS = {
    *("core.Heartbeat", "upstream.PaceState", "orders.GoodsPepper", "conduct.Edition", "auth.Permission"),
    *("api.ServiceCode", "api.CountryCode", "core.ExchangeRate", "accounts.Acceptance"),
    # Written once, and never again: the acts put hostile words there.
    *("wallet.Transfer", "core.StaffAct", "wallet.Hold", "books.Progress"),
}
# Columns that our code alone fills: keys, marks, codes, digests, and secrets that are shown to nobody.
OURS = {
    *("key", "claim", "poll_claim", "form_key", "digest", "mark", "fingerprint", "reference", "token", "session_key"),
    *("password", "referral_code", "prefix", "secret", "old_secret", "language", "time_zone", "currency", "variant"),
    *(
        "region",
        "e164",
        "tail",
        "kind",
        "action",
        "network",
        "address",
        "ip",
        "search_text",
        "folded",
        "match",
        "value",
    ),
    *("transaction_id", "payment_id", "pay_url"),
}
LINKED = f"{FULL} [x](javascript:1)"
# Columns of these names in these tables, which are made of what others wrote.
ALL_THE_SAME = {"sms.Number.last_code", "funds.TopUp.reference", "sms.Country.code"}
JSON = {
    "orders.Attempt.request": {FULL: FULL, "link": FULL},
    "sms.Attempt.request": {FULL: FULL},
    "catalog.SyncRun.skipped_rows": [FULL],
    "reconcile.Finding.figures": {FULL: FULL},
}


def columns() -> list[tuple[type[models.Model], models.Field]]:
    """Those to be poisoned."""
    found = []
    for model in apps.get_models():
        if model._meta.app_label not in ROOMS or model._meta.label in NO_WORDS:
            continue
        for field in model._meta.concrete_fields:
            named = f"{model._meta.label}.{field.name}"
            text = type(field) in (models.CharField, models.TextField, models.URLField, EncryptedTextField)
            ours = field.name in OURS or field.choices or (field.max_length or 99) < len(SHORT)
            if named in JSON or (text and named != "api.Event.body" and (named in ALL_THE_SAME or not ours)):
                found.append((model, field))
    return found


def poison(*texts: str) -> tuple[int, set[str]]:
    """Fill them, each with the longest of `texts` that has room; how many cells were, and the columns that refused."""
    texts = texts or (LINKED, FULL, SHORT)
    cells, refused = 0, set()
    for model, field in columns():
        named = f"{model._meta.label}.{field.name}"
        rows = list(model._default_manager.order_by("pk").values_list("pk", flat=True))
        text = JSON.get(named) or next(text for text in texts if len(text) <= (field.max_length or len(text)))
        try:
            with transaction.atomic():
                if field.unique or _in_a_pair(model, field):
                    for pk in islice(rows, 3):
                        model._default_manager.filter(pk=pk).update(**{field.name: f"{text}{pk}"})
                else:
                    model._default_manager.filter(pk__in=rows).update(**{field.name: text})
                cells += len(rows)
        except DatabaseError:
            refused.add(named)
    return cells, refused


def _in_a_pair(model: type[models.Model], field: models.Field) -> bool:
    """Whether rows differ by it, with others."""
    together = [each.fields for each in model._meta.constraints if isinstance(each, models.UniqueConstraint)]
    return any(field.name in names for names in [*together, *model._meta.unique_together])
