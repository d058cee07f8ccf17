"""Webhooks, described: what is sent, and how its receiver knows that it is ours."""

import json

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from api.docs.entries import Text
from api.webhooks import names

EXAMPLE = json.dumps(
    {
        "id": "0b6f2b1e-6f0e-4b5e-9a53-0d5b8f0f6f3a",
        "event": "order.completed",
        "created_at": "2026-01-31T12:00:00.000Z",
        "data": {
            "order": 1234,
            "service": 17,
            "quantity": 1000,
            "status": "Completed",
            "charge": "2.40",
            "start_count": 310,
            "remains": 0,
            "currency": "USD",
            "autoDelivery": True,
        },
    },
    indent=2,
)
EVENTS: tuple[tuple[str, Promise], ...] = (
    ("order.accepted", _("The order is accepted and under way.")),
    ("order.started", _("It is in progress.")),
    ("order.delivered", _("Items of a product have arrived: fetch them with status.")),
    ("order.completed", _("It has ended, and all of it has arrived.")),
    ("order.partial", _("It has ended; what was not delivered is paid back.")),
    ("order.canceled", _("It was stopped; what was not delivered is paid back.")),
    ("order.rejected", _("It has ended without a delivery; the money is back.")),
    ("order.refunded", _("Something was paid back afterwards.")),
    (names.RECEIVED, _("A number that you bought is there.")),
    (names.CODE, _("A message came to it: code and sms_content.")),
    ("number.finished", _("It has ended after a code.")),
    ("number.expired", _("Its time ran out without a code; the money is back.")),
    ("number.canceled", _("It was taken back without a code; the money is back.")),
    (names.TEST, _("You pressed “Send a test”: nothing happened.")),
)
HEADERS: tuple[tuple[str, Text], ...] = (
    ("Webhook-Signature", _("The moment of the post and its signature. Two of these for a day after a new secret.")),
    (
        "Webhook-Id",
        _("The event: the same at every try, and as id in the body. Keep it, and ignore it when it comes again."),
    ),
    ("Webhook-Delivery", _("This event on its way to this address: the same at every try.")),
    ("Webhook-Event", _("The event’s name.")),
)

# How to check a signature; docs/webhooks.md has the same, and a test that it does.
_SHELL = """\
# From the header Webhook-Signature, t=MOMENT,v1=MARK, and the body as it came:
printf '%s.' "$MOMENT" | cat - body.json | openssl dgst -sha256 -hmac "$WEBHOOK_SECRET"
# It is ours when this prints MARK, and MOMENT is not older than five minutes."""
_PYTHON = """\
import hashlib
import hmac
import re
import time


def is_ours(secret: str, signature: str, body: bytes) -> bool:
    \"\"\"`signature` is the header Webhook-Signature, `body` the bytes of the request.\"\"\"
    moment = re.search(r"(?:^|,)t=([0-9]{1,12})(?:,|$)", signature)
    if not secret or not moment or abs(time.time() - int(moment[1])) > 300:
        return False
    right = hmac.new(secret.encode(), moment[1].encode() + b"." + body, hashlib.sha256).hexdigest()
    marks = re.findall(r"(?:^|,)v1=([0-9a-f]{64})", signature)
    return any(hmac.compare_digest(right, mark) for mark in marks)"""
_PHP = """\
<?php
function is_ours(string $secret, string $signature, string $body): bool
{
    preg_match('/(?:^|,)t=([0-9]{1,12})(?:,|$)/', $signature, $moment);
    if ($secret === '' || !$moment || abs(time() - (int) $moment[1]) > 300) {
        return false;
    }
    $right = hash_hmac('sha256', $moment[1] . '.' . $body, $secret);
    preg_match_all('/(?:^|,)v1=([0-9a-f]{64})/', $signature, $marks);
    foreach ($marks[1] as $mark) {
        if (hash_equals($right, $mark)) {
            return true;
        }
    }
    return false;
}

$secret = (string) getenv('WEBHOOK_SECRET');
$good = is_ours($secret, $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '', file_get_contents('php://input'));
http_response_code($good ? 204 : 400);"""
_NODE = """\
const crypto = require("node:crypto");

// `body` is a Buffer of the request as it came: with Express, use express.raw({ type: "application/json" }).
function isOurs(secret, signature, body) {
  const moment = (/(?:^|,)t=([0-9]{1,12})(?:,|$)/.exec(signature) || [])[1];
  if (!secret || !moment || Math.abs(Date.now() / 1000 - Number(moment)) > 300) return false;
  const right = crypto.createHmac("sha256", secret).update(`${moment}.`).update(body).digest();
  const marks = [...signature.matchAll(/(?:^|,)v1=([0-9a-f]{64})/g)];
  return marks.some(([, mark]) => crypto.timingSafeEqual(Buffer.from(mark, "hex"), right));
}

module.exports = { isOurs };"""
CHECKS = {"curl": _SHELL, "python": _PYTHON, "php": _PHP, "node": _NODE}
