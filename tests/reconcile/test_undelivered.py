"""E-mails that a mail server did not take are kept, raised as before, and found; so are alerts without a hook."""

import socketserver
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction

from core.alerts import alert
from core.mail import forget
from core.models import Alert, MailFailure
from reconcile import undelivered
from reconcile.matters import close
from reconcile.models import Finding

pytestmark = pytest.mark.django_db


class _Refusing(socketserver.StreamRequestHandler):
    """A mail server that takes connections and no recipient whose name begins with `no`."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line.strip().upper()
            if word.startswith(b"RCPT TO:<NO"):
                self.wfile.write(b"550 no such user\r\n")
            elif word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.server.taken += 1
                self.wfile.write(b"250 taken\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def server(settings):
    """A mail server on this machine, and the shop's own backend in front of it."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Refusing) as listening:
        listening.daemon_threads = True
        listening.taken = 0
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        settings.EMAIL_BACKEND = "core.mail.Backend"
        settings.EMAIL_DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = listening.server_address
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield listening
        listening.shutdown()


def look(now):
    return list(undelivered.look(None, now))


def test_an_e_mail_that_is_taken_leaves_nothing(server, now):
    assert mail.send_mail("Hello", "text", None, ["yes@example.com"]) == 1
    assert server.taken == 1
    assert not MailFailure.objects.exists()
    assert look(now) == []


def test_an_e_mail_that_is_refused_raises_and_is_kept_without_its_text(server):
    with pytest.raises(OSError, match="550"):
        mail.send_mail("Reset your password", "https://secret.example.com/token", None, ["no@example.com"])
    row = MailFailure.objects.get()
    assert (row.recipients, row.subject) == ("no@example.com", "Reset your password")
    assert "secret" not in f"{row.error}"


def test_a_silent_failure_stays_silent_and_the_others_go_out(server):
    messages = [mail.EmailMessage("Hi", "text", None, [f"{name}@example.com"]) for name in ("yes", "no", "yes2")]
    with mail.get_connection(fail_silently=True) as connection:
        assert connection.send_messages(messages) == 2
    assert server.taken == 2
    assert MailFailure.objects.get().recipients == "no@example.com"


def test_a_server_that_is_away_is_a_failure_too(server, settings):
    settings.EMAIL_PORT = 9
    with pytest.raises(OSError, match=r".+"):
        mail.send_mail("Hello", "text", None, ["yes@example.com"])
    assert MailFailure.objects.get().error.startswith("ConnectionRefusedError")
    assert mail.send_mail("Hello", "text", None, ["yes@example.com"], fail_silently=True) == 0
    assert MailFailure.objects.count() == 2


def test_an_alert_s_own_e_mail_that_fails_is_kept_and_loses_no_alert(
    server, settings, now, django_capture_on_commit_callbacks
):
    settings.ADMINS = [("Operator", "no@example.com")]
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        alert(key="k", subject="Something", now=now)
    assert Alert.objects.filter(key="k").exists()
    assert MailFailure.objects.get().recipients == "no@example.com"


def test_failed_e_mails_of_the_last_day_are_one_finding_until_it_is_closed(now, run, sandbox, operator, at):
    for hours in (-30, -2, -1):
        MailFailure.objects.create(recipients="a@example.com", subject="Hi", error="SMTPException", at=at(hours))
    run(0)
    (finding,) = Finding.objects.all()
    assert (finding.key, finding.figures["Failed"]) == ("mail:undelivered", "2")
    close(finding_id=finding.pk, operator=operator, reason="mended", now=at(0))
    run(1)
    assert not Finding.objects.filter(closed_at=None).exists()
    MailFailure.objects.create(recipients="b@example.com", subject="Hi", error="SMTPException", at=at(1.5))
    run(2)
    assert Finding.objects.get(closed_at=None).figures["Failed"] == "1"


def test_old_failures_are_forgotten(now):
    for days in (91, 89):
        MailFailure.objects.create(recipients="a@example.com", subject="Hi", error="x", at=now - timedelta(days=days))
    forget(now=now)
    assert MailFailure.objects.count() == 1


def test_alerts_that_the_hook_did_not_take_for_an_hour_are_found(now, settings, at):
    settings.ALERT_HOOK_URL = "http://127.0.0.1:9/"
    alert(key="k", subject="Something", now=now)
    assert look(at(2)) == []  # not tried yet: that is the worker's matter
    Alert.objects.update(hook_error="HTTP 500")
    assert look(at(0.5)) == []
    (matter,) = look(at(2))
    assert (matter.key, matter.figures["Last error"]) == ("hook:undelivered", "HTTP 500")
    Alert.objects.update(hook_sent_at=now)
    assert look(at(2)) == []
