"""A customer says that a transfer is made: reference, and a picture or PDF as proof. An operator checks it."""

import hashlib
import re
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.alerts import alert
from core.models import Alert
from core.money import show
from funds.models import Proof, TopUp

LARGEST_MB = 3
LARGEST = LARGEST_MB * 1024 * 1024
MOST = 3
# What a file begins with, whatever it is called and whatever its sender says that it is.
_BEGINNINGS = [
    (re.compile(rb"\x89PNG\r\n\x1a\n"), Proof.Type.PNG),
    (re.compile(rb"\xff\xd8\xff"), Proof.Type.JPEG),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), Proof.Type.WEBP),
    (re.compile(rb"%PDF-1\.|%PDF-2\."), Proof.Type.PDF),
]


class CantProve(Exception):
    """What is wrong, by field of the form; the empty name for the whole."""

    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__(" ".join(errors.values()))


def prove(
    *, token: str, customer: User, reference: str, name: str = "", content: bytes | None = None, now: datetime
) -> TopUp:
    """Hand the transfer to the operators; a file sent twice is one proof. Raises `CantProve`, `TopUp.DoesNotExist`."""
    kind = type_of(content) if content is not None else None
    if content is not None and len(content) > LARGEST:
        raise CantProve({"proof": _("This file is too large: at most %(size)d MB.") % {"size": LARGEST_MB}})
    if content is not None and kind is None:
        raise CantProve({"proof": _("This is no picture or PDF that we can read: send a PNG, JPEG, WebP or PDF.")})
    with transaction.atomic():
        top_up = (
            TopUp.objects.select_for_update(of=["self"])
            .select_related("method", "customer")
            .get(token=token, customer=customer, variant="transfer")
        )
        if top_up.state not in (TopUp.State.OPEN, TopUp.State.EXPIRED, TopUp.State.CHECKING):
            raise CantProve({"": _("This top-up has ended. Begin another one.")})
        if content is not None and kind is not None:
            digest = hashlib.sha256(content).hexdigest()
            if not top_up.proofs.filter(digest=digest).exists():
                if top_up.proofs.count() >= MOST:
                    raise CantProve({"proof": _("You have sent %(count)d files already.") % {"count": MOST}})
                Proof.objects.create(
                    top_up=top_up,
                    name=clean_name(name),
                    type=kind,
                    size=len(content),
                    digest=digest,
                    content=content,
                    created_at=now,
                )
        top_up.state, top_up.reference, top_up.changed_at = TopUp.State.CHECKING, reference[:200], now
        top_up.save(update_fields=["state", "reference", "changed_at"])
        alert(
            key=f"topup:{top_up.pk}",
            subject=f"{top_up}: {top_up.customer} says that {show(top_up.total)} are on their way",
            detail=f"By {top_up.method.name}, reference {reference!r}. See whether it came, then credit or refuse it.",
            severity=Alert.Severity.WARNING,
            now=now,
        )
        return top_up


def type_of(content: bytes) -> Proof.Type | None:
    """What the file is by its first bytes; None for what nobody should open."""
    return next((kind for beginning, kind in _BEGINNINGS if beginning.match(content)), None)


def clean_name(name: str) -> str:
    """The file's name without folders and what can't be printed: only ever shown, never opened."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(one for one in last if one.isprintable())[-120:] or "file"
