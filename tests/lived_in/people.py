"""Customers with a past, and sessions of theirs for a browser."""

import secrets
import time
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from accounts.models import User
from wallet import ledger

_DAY = 86_400
PASSWORD = "a long enough passphrase"
BROWSERS = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
]


def person(email: str, **fields: object) -> User:
    """Somebody with a confirmed address and an empty wallet."""
    user = User.objects.create_user(email, PASSWORD, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    ledger.account_of(user)
    return user


def session_of(user: User, *, proved: bool = False) -> str:
    """The key of a new session of theirs; `proved` when they have just given their password."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    if proved:
        # Ahead of time, so that it counts for as long as anybody looks.
        record = {"method": "password", "at": time.time() + _DAY, "reauthenticated": True}
        session["account_authentication_methods"] = [record]
        session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return str(session.session_key)


def guard(user: User) -> None:
    """Switch an app's codes on, with recovery codes, and a passkey."""
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(user)
    passkey(user, "Phone")


def passkey(user: User, name: str) -> Authenticator:
    """A passkey with a key of its own, which nobody keeps."""
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    attested = AttestedCredentialData.create(Aaguid.NONE, (chosen := secrets.token_bytes(16)), public)
    data = AuthenticatorData.create(
        sha256(b"localhost"),
        AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT,
        0,
        attested,
    )
    said = CollectedClientData.create("webauthn.create", secrets.token_bytes(16), "http://localhost")
    credential = {
        "type": "public-key",
        "id": websafe_encode(chosen),
        "rawId": websafe_encode(chosen),
        "response": {
            "clientDataJSON": websafe_encode(said),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        },
        "clientExtensionResults": {"credProps": {"rk": True}},
    }
    return Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": name, "credential": credential}
    )


def logged_in(user: User, number: int, at: datetime) -> None:
    """A browser in which somebody is logged in since `at`."""
    UserSession.objects.create(
        user=user,
        session_key=session_of(user),
        ip=f"203.0.113.{number % 250 + 1}",
        user_agent=BROWSERS[number % len(BROWSERS)],
        created_at=at,
        last_seen_at=at + timedelta(hours=2),
    )
