"""Everything that the shop keeps of a customer, table by table.

Each table is a name, its columns, and rows that are read as they are needed, so that a hundred thousand orders take
no more memory than ten. A room that comes to keep more of customers adds its tables here, and its wiping to
`privacy.delete`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import QuerySet

from accounts.models import Acceptance, Place, Suspension, User
from api import words
from api.models import Call, Key, Webhook
from catalog.models import Favourite as KeptService
from catalog.models import StockWish
from conduct.models import Hit
from core.money import plain
from desk.models import Message as Written
from desk.models import Request as Wish
from funds.models import Debt, Proof, TopUp, Voucher
from notices.models import Notice, Switches
from orders.models import DeliveredItem, GoodsReveal, Order, OrderEvent, Plan, PromotionUse
from sms.models import Favourite, Message, Number, Purchase
from wallet.models import Account, Hold, Transfer

CHUNK = 1000
Row = list[object]


@dataclass(frozen=True)
class Table:
    """One file of the copy. Amounts are USD as text, times are UTC."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]


def tables(user: User) -> list[Table]:
    """All of them, in the order in which they stand in the copy."""
    return [
        _table(
            "profile",
            (
                *("email", "name", "language", "time_zone", "log_in_alerts", "joined_at", "last_log_in_at"),
                *("group", "referral_code", "was_referred"),
            ),
            User.objects.filter(pk=user.pk),
            lambda one: [
                one.email,
                one.get_full_name(),
                one.language,
                one.time_zone,
                one.login_alerts,
                _at(one.date_joined),
                _at(one.last_login),
                one.group.name if one.group else "",
                one.referral_code or "",
                one.referred_by_id is not None,
            ],
        ),
        _table(
            "email_addresses",
            ("email", "main", "confirmed"),
            EmailAddress.objects.filter(user=user),
            lambda one: [one.email, one.primary, one.verified],
        ),
        _table(
            # Not the secrets: they open the account.
            "second_factors",
            ("kind", "name", "added_at", "last_used_at"),
            Authenticator.objects.filter(user=user),
            lambda one: [one.type, str(one), _at(one.created_at), _at(one.last_used_at)],
        ),
        _table(
            "sessions",
            ("address", "browser", "since", "last_seen_at"),
            UserSession.objects.filter(user=user),
            lambda one: [one.ip, one.user_agent, _at(one.created_at), _at(one.last_seen_at)],
        ),
        _table(
            "log_ins",
            ("browser", "network", "first_at", "last_at"),
            Place.objects.filter(user=user),
            lambda one: [one.browser, one.network, _at(one.first_at), _at(one.last_at)],
        ),
        _table(
            "accepted_terms",
            ("version", "at", "address"),
            Acceptance.objects.filter(user=user).select_related("terms"),
            lambda one: [one.terms.version, _at(one.at), one.address],
        ),
        _table(
            # What the customer was told; what operators wrote to each other is theirs.
            "suspensions",
            ("what", "told", "begun_at", "ends_at", "lifted_at"),
            Suspension.objects.filter(customer=user),
            lambda one: [one.degree.lower(), one.told, _at(one.begun_at), _at(one.ends_at), _at(one.lifted_at)],
        ),
        *_money(user),
        *_funds(user),
        *_orders(user),
        *_numbers(user),
        *_programs(user),
    ]


def _money(user: User) -> list[Table]:
    return [
        _table(
            "balance",
            ("balance", "held", "available"),
            Account.objects.filter(owner=user),
            lambda one: [plain(one.balance), plain(one.held), plain(one.available)],
        ),
        _table(
            "transfers",
            ("number", "at", "kind", "amount", "balance_after", "description"),
            Transfer.objects.filter(customer__owner=user),
            lambda one: [
                one.pk,
                _at(one.created_at),
                one.kind.lower(),
                plain(one.signed),
                plain(one.balance_after),
                one.memo,
            ],
        ),
        _table(
            "holds",
            ("at", "amount", "captured", "refunded", "state", "closed_at"),
            Hold.objects.filter(account__owner=user),
            lambda one: [
                _at(one.created_at),
                plain(one.amount),
                plain(one.captured),
                plain(one.refunded),
                one.state.lower(),
                _at(one.closed_at),
            ],
        ),
    ]


def _funds(user: User) -> list[Table]:
    return [
        _table(
            "top_ups",
            ("number", "way", "amount", "fee", "credited", "bonus", "state", "reference", "created_at"),
            TopUp.objects.filter(customer=user),
            lambda one: [
                one.pk,
                one.variant,
                plain(one.amount),
                plain(one.fee),
                "" if one.credited is None else plain(one.credited),
                plain(one.bonus_given),
                one.state.lower(),
                one.reference,
                _at(one.created_at),
            ],
        ),
        _table(
            # The files themselves came from the customer.
            "proofs",
            ("top_up", "name", "type", "bytes", "at"),
            Proof.objects.filter(top_up__customer=user).defer("content"),
            lambda one: [one.top_up_id, one.name, one.type, one.size, _at(one.created_at)],
        ),
        _table(
            "debts",
            ("top_up", "kind", "state"),
            Debt.objects.filter(customer=user),
            lambda one: [one.top_up_id, one.kind.lower(), one.state.lower()],
        ),
        _table(
            "vouchers",
            ("ends_with", "redeemed_at"),
            Voucher.objects.filter(customer=user),
            lambda one: [one.tail, _at(one.redeemed_at)],
        ),
    ]


def _orders(user: User) -> list[Table]:
    seen = OrderEvent.objects.exclude(kind__in=OrderEvent.FOR_OPERATORS)
    return [
        _table(
            "orders",
            (
                *("number", "service", "link", "quantity", "delivered", "state", "charge", "paid", "refunded"),
                *("start_count", "remains", "placed_at", "finished_at"),
            ),
            Order.objects.filter(customer=user).select_related("hold"),
            lambda one: [
                one.pk,
                one.service_name,
                one.link,
                one.quantity,
                one.delivered,
                words.of_order(one),
                plain(one.charge),
                plain(one.hold.captured),
                plain(one.hold.refunded),
                one.start_count,
                one.remains,
                _at(one.placed_at),
                _at(one.finished_at),
            ],
        ),
        _table(
            "delivered_items",
            ("order", "position", "text", "delivered_at"),
            DeliveredItem.objects.filter(order__customer=user),
            lambda one: [one.order_id, one.position, one.text, _at(one.delivered_at)],
        ),
        _table(
            "order_events",
            ("order", "at", "event", "amount", "count"),
            seen.filter(order__customer=user),
            lambda one: [
                one.order_id,
                _at(one.at),
                one.kind.lower(),
                "" if one.amount is None else plain(one.amount),
                one.count,
            ],
        ),
        _table(
            "plans",
            ("number", "service", "link", "quantity", "runs", "placed", "interval", "state", "charge_each", "made_at"),
            Plan.objects.filter(customer=user),
            lambda one: [
                *(one.pk, one.service_name, one.link, one.quantity, one.runs, one.placed, one.interval),
                *(one.state.lower(), plain(one.charge), _at(one.made_at)),
            ],
        ),
        _table(
            "promotion_codes_used",
            ("order", "code", "discount"),
            PromotionUse.objects.filter(customer=user).select_related("promotion"),
            lambda one: [one.order_id, one.promotion.code, plain(one.discount)],
        ),
        _table(
            # What the shop's own people looked at is told without their names.
            "who_saw_items",
            ("order", "who", "how", "address", "times", "first_at", "last_at"),
            GoodsReveal.objects.filter(order__customer=user),
            lambda one: [
                one.order_id,
                "you" if one.actor_id == user.pk else "the shop",
                one.kind.lower(),
                one.address if one.actor_id == user.pk else "",
                one.times,
                _at(one.first_at),
                _at(one.last_at),
            ],
        ),
        _table(
            "requests",
            ("number", "order", "kind", "subject", "state", "asked_at", "decided_at"),
            Wish.objects.filter(customer=user),
            lambda one: [
                one.pk,
                one.order_id,
                one.kind.lower(),
                one.subject,
                one.state.lower(),
                _at(one.asked_at),
                _at(one.decided_at),
            ],
        ),
        _table(
            "request_messages",
            ("request", "from", "kind", "text", "at"),
            Written.objects.filter(request__customer=user),
            lambda one: [
                one.request_id,
                "you" if one.by_customer else "the shop",
                one.kind.lower(),
                one.text,
                _at(one.at),
            ],
        ),
        _table(
            "favourite_services",
            ("service",),
            KeptService.objects.filter(customer=user).select_related("service"),
            lambda one: [one.service.name],
        ),
        _table(
            "refused_wishes",
            ("what", "times", "at"),
            Hit.objects.filter(customer=user),
            lambda one: [one.what, one.times, _at(one.last_at)],
        ),
        _table(
            "waits_for_stock",
            ("service", "since", "told_at"),
            StockWish.objects.filter(customer=user).select_related("service"),
            lambda one: [one.service.name, _at(one.wished_at), _at(one.told_at)],
        ),
        _table(
            "notices",
            ("kind", "about", "state", "at"),
            Notice.objects.filter(customer=user),
            lambda one: [one.kind.lower(), " ".join(map(str, one.about.values())), one.state.lower(), _at(one.made_at)],
        ),
        _table(
            "notice_switches",
            ("chosen", "balance_low_below"),
            Switches.objects.filter(customer=user),
            lambda one: [
                " ".join(f"{kind}={on}" for kind, on in one.chosen.items()),
                "" if one.low_below is None else plain(one.low_below),
            ],
        ),
    ]


def _numbers(user: User) -> list[Table]:
    return [
        _table(
            "number_purchases",
            ("number", "site", "country", "quantity", "price_each", "placed_at", "finished_at"),
            Purchase.objects.filter(customer=user),
            lambda one: [
                one.pk,
                one.site_name,
                one.country_name,
                one.quantity,
                plain(one.price),
                _at(one.placed_at),
                _at(one.finished_at),
            ],
        ),
        _table(
            "numbers",
            ("number", "purchase", "phone", "state", "received_at", "expires_at", "finished_at"),
            Number.objects.filter(purchase__customer=user),
            lambda one: [
                one.pk,
                one.purchase_id,
                str(one),
                words.of_number(one.state),
                _at(one.received_at),
                _at(one.expires_at),
                _at(one.finished_at),
            ],
        ),
        _table(
            "messages",
            ("number", "code", "text", "received_at"),
            Message.objects.filter(number__purchase__customer=user),
            lambda one: [one.number_id, one.code, one.text, _at(one.received_at)],
        ),
        _table(
            "favourites",
            ("site", "country"),
            Favourite.objects.filter(customer=user).select_related("project__site", "project__country"),
            lambda one: [one.project.site.name, one.project.country.name],
        ),
    ]


def _programs(user: User) -> list[Table]:
    return [
        _table(
            # Not the secrets: of keys the shop has none, and a webhook's would let others sign in its name.
            "api_keys",
            ("name", "begins_with", "may", "networks", "created_at", "last_used_at", "revoked_at"),
            Key.objects.filter(customer=user),
            lambda one: [
                one.name,
                one.prefix,
                one.scope.lower(),
                " ".join(one.networks),
                _at(one.created_at),
                _at(one.last_used_at),
                _at(one.revoked_at),
            ],
        ),
        _table(
            "api_calls",
            ("key", "at", "action", "outcome", "milliseconds", "address"),
            Call.objects.filter(key__customer=user).select_related("key"),
            lambda one: [one.key.name, _at(one.at), one.action, one.outcome, one.milliseconds, one.address],
        ),
        _table(
            "webhooks",
            ("address", "events", "active", "created_at"),
            Webhook.objects.filter(customer=user),
            lambda one: [one.url, " ".join(one.events), one.active, _at(one.created_at)],
        ),
    ]


def _table(name: str, columns: tuple[str, ...], rows: "QuerySet[Any]", read: Callable[[Any], Row]) -> Table:
    def walk() -> Iterator[Row]:
        for row in rows.order_by("pk").iterator(chunk_size=CHUNK):
            yield read(row)

    return Table(name, columns, walk)


def _at(moment: datetime | None) -> str:
    """`2030-01-31T09:05:59Z`; empty for nothing."""
    return "" if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
