"""The record of what staff did: one row an act, written in the transaction of the act, append-only.

No secret, no delivered goods and no customer's address is in it: a customer who deletes the account must not live on
here, where nothing can be wiped. Rows are named by table and number.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils import timezone

from core import money
from core.addresses import client_address
from core.append_only import AppendOnly
from core.models import StaffAct
from core.secrets import EncryptedTextField

TRIGGERS = AppendOnly(table=StaffAct._meta.db_table, name="staff_act", saying="the record of staff is append-only")

HIDDEN = "•••"
LONGEST = 300
# Fields whose contents open something, or say who somebody is. What is encrypted, or a file, is hidden anyway.
NOT_FOR_READING = frozenset(
    (
        *("password", "password1", "password2", "secret", "digest", "token", "data", "codes", "items", "text"),
        *("email", "first_name", "last_name", "phone", "link", "url", "note", "told"),
    )
)
_ADDRESS = re.compile(r"[^\s“”\"'<>(),;:]+@[^\s“”\"'<>(),;:]+")

Changes = dict[str, list[Any]]


def note(
    *,
    kind: StaffAct.Kind,
    said: str,
    actor: Any = None,
    row: models.Model | None = None,
    reason: str = "",
    changes: Mapping[str, list[Any]] | None = None,
    request: HttpRequest | None = None,
    program: str = "",
    now: datetime | None = None,
) -> StaffAct:
    """Write down one act. `actor` is a user; of a `request` it is who sent it, and the address and browser are noted.

    `program` names a command on the server instead of a browser.
    """
    made = _row(kind, said, actor, row, reason, changes, request, program, now)
    made.save(force_insert=True)
    return made


def note_many(
    *, kind: StaffAct.Kind, said: str, rows: Iterable[models.Model], request: HttpRequest, now: datetime | None = None
) -> None:
    """Write down one act on each of many rows."""
    StaffAct.objects.bulk_create(
        [_row(kind, said, None, row, "", None, request, "", now) for row in rows], batch_size=500
    )


def changes_in(form: BaseForm, formsets: Iterable[Any] | None = None) -> Changes:
    """What a form of the admin, with the rows below it, changed: `{field: [before, after]}`."""
    found = _changed(form, "")
    for formset in formsets or []:
        name = formset.model._meta.verbose_name
        for row in formset.new_objects:
            found[f"{name} {row.pk}"] = [None, "added"]
        for row in formset.deleted_objects:
            found[f"{name} {row.pk}"] = ["there", "deleted"]
        for each in formset.initial_forms:
            if each.has_changed() and each not in formset.deleted_forms:
                found |= _changed(each, f"{name} {each.instance.pk}: ")
    return found


def _row(
    kind: StaffAct.Kind,
    said: str,
    actor: Any,
    row: models.Model | None,
    reason: str,
    changes: Mapping[str, list[Any]] | None,
    request: HttpRequest | None,
    program: str,
    now: datetime | None,
) -> StaffAct:
    if request is not None:
        # While somebody is signed in as a customer, the request's user is that customer.
        actor = actor or getattr(request, "operator", None) or request.user
    return StaffAct(
        kind=kind,
        actor=actor,
        table=row._meta.label_lower if row is not None else "",
        row=str(row.pk)[:40] if row is not None and row.pk is not None else "",
        said=_nameless(said),
        reason=_nameless(reason),
        changes=dict(changes or {}),
        address=(client_address(request) or "") if request is not None else "",
        agent=program or (_plain(request.headers.get("User-Agent", ""))[:200] if request is not None else ""),
        at=now or timezone.now(),
    )


def _changed(form: BaseForm, before_name: str) -> Changes:
    columns = {field.name: field for field in form._meta.model._meta.get_fields()} if hasattr(form, "_meta") else {}
    found = {}
    for name in form.changed_data:
        column = columns.get(name)
        if name in NOT_FOR_READING or isinstance(column, (EncryptedTextField, models.FileField)):
            found[before_name + name] = [HIDDEN, HIDDEN]
        else:
            before = form.get_initial_for_field(form.fields[name], name)
            found[before_name + name] = [_value(before), _value(form.cleaned_data.get(name))]
    return found


def _value(value: Any) -> Any:
    """As JSON keeps it."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Decimal):
        return money.plain(value)
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, (list, tuple, set, models.QuerySet)):
        return [_value(each) for each in list(value)[:50]]
    return _nameless(value.isoformat() if isinstance(value, datetime) else str(value))[:LONGEST]


def _nameless(text: str) -> str:
    return _ADDRESS.sub("(address)", _plain(text))


def _plain(text: str) -> str:
    # PostgreSQL refuses NUL in a text.
    return text.replace("\x00", "")
