"""Who referred whom: a customer's link, the cookie that it leaves, and who stands behind it at sign-up."""

import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.models import User

COOKIE = "referral"
LASTS = 30 * 86400
_SALT = "referral"
# Small letters that are not read as another one.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_LENGTH = 8


def is_on() -> bool:
    """Whether the shop shares what referred customers pay."""
    return settings.REFERRAL_PERCENT > 0


def may_refer(person: User) -> bool:
    """Staff run the shop; a closed account earns nothing any more."""
    return person.is_active and not person.is_staff


def code_of(person: User) -> str:
    """The code of the customer's link, given when it is first asked for."""
    if not person.referral_code:
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        # Two pages at once: the first one's code stands.
        User.objects.filter(pk=person.pk, referral_code=None).update(referral_code=code)
        person.refresh_from_db(fields=["referral_code"])
    return person.referral_code or ""


def remember(response: HttpResponse, code: str) -> None:
    """Leave the code with the browser, signed, for whoever signs up with it later."""
    response.set_signed_cookie(
        COOKIE,
        code,
        salt=_SALT,
        max_age=LASTS,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def referrer(request: HttpRequest) -> User | None:
    """Whose link the browser followed last, if it counts."""
    code = request.get_signed_cookie(COOKIE, default=None, salt=_SALT, max_age=LASTS)
    if not code or not is_on():
        return None
    found = User.objects.filter(referral_code=code).first()
    return found if found is not None and may_refer(found) else None
