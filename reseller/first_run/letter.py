"""Send the operator a test letter, and say in words what the mail server made of it."""

import smtplib
import socket
import ssl
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage

from accounts.models import User
from reseller.models import FirstRun


class LetterFailed(Exception):
    """It was not taken; says why, and never the password."""


def send_letter(*, to: User, now: datetime) -> None:
    """Hand one letter over, waiting at most EMAIL_TIMEOUT seconds for the mail server. Raises `LetterFailed`."""
    name = settings.SHOP_NAME
    letter = EmailMessage(
        subject=f"{settings.EMAIL_SUBJECT_PREFIX}A test letter",
        body=f"{name} can send e-mail. If this came quickly and not as spam, your customers' letters will, too.",
        to=[to.email],
    )
    try:
        letter.send()
    except Exception as error:  # a mail library may raise anything; each is a sentence for the operator
        raise LetterFailed(_words(error)) from error
    FirstRun.objects.update_or_create(pk=1, defaults={"letter_sent_at": now})


def _words(error: Exception) -> str:
    match error:
        case smtplib.SMTPAuthenticationError():
            return "The mail server does not accept the name and password in EMAIL_URL."
        case smtplib.SMTPSenderRefused():
            return f"The mail server does not send for {settings.DEFAULT_FROM_EMAIL}: set DEFAULT_FROM_EMAIL."
        case smtplib.SMTPRecipientsRefused():
            return "The mail server does not take letters to your address."
        case smtplib.SMTPNotSupportedError():
            return "The mail server does not offer TLS or a log-in there: check the port and the scheme of EMAIL_URL."
        case ssl.SSLError():
            return "The mail server's certificate is not right, or it speaks no TLS on that port."
        case socket.gaierror():
            return "The mail server's name leads nowhere: check EMAIL_URL."
        case ConnectionRefusedError():
            return "Nobody listens there: check the host and the port in EMAIL_URL."
        case TimeoutError():
            return f"The mail server did not answer within {settings.EMAIL_TIMEOUT} seconds."
        case _:
            return f"The mail server did not take it: {type(error).__name__}."
