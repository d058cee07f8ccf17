"""On which database a test runs: money, locks and queries on both, the rest where it can prove something; and which
ones go first. `TEST_EVERYWHERE=1` runs each test on both, as before a release."""

import functools
import os
from pathlib import Path

# How pages look, what they say, who may open them, what programs of others make of answers: the same on any database.
# What they ask the database for is the acts' and the lists' own business.
SQLITE_ALONE = (
    *("accounts", "checks", "observe", "security", "staff"),
    *("api/test_access.py", "api/test_clients.py", "api/test_docs.py", "api/test_errors.py", "api/test_fuzz.py"),
    *("api/test_handler_clients.py", "api/test_handler_fuzz.py", "api/test_keys_page.py", "api/test_openapi.py"),
    *("api/test_webhooks_page.py", "core/test_metrics.py"),
    *("reseller/test_first_run.py", "reseller/test_first_run_broken.py", "reseller/test_whole.py"),
    *("upstream/test_pace.py", "upstream/test_oddities.py", "catalog/test_whose_page.py", "catalog/test_favourites.py"),
    *("api/test_reseller_of_a_reseller.py", "books/test_reports.py", "reseller/test_health.py"),
    *("admin/test_pages.py", "admin/test_shelf.py", "funds/test_admin.py", "funds/test_btcpay.py"),
    *("funds/test_pages.py", "funds/test_stripe.py", "privacy/test_export.py", "reseller/test_query_counts.py"),
    *("sms/test_admin.py", "sms/test_pages.py", "orders/test_pages.py", "wallet/test_pages.py"),
    *("catalog/test_pages.py", "faults/test_up.py"),
)
# Processes that are killed and vendors that are silent for long, crowds that buy at once: as a live shop meets them.
# What operators and programs do, and what is proved by drawing many histories: the acts below that run on both.
POSTGRES_ALONE = (
    *("faults/test_killed_worker.py", "faults/test_outage.py", "faults/test_settled_by_evidence.py"),
    *("faults/test_storm.py", "faults/test_messages.py", "faults/test_restore.py", "faults/test_at_once.py"),
    *("books/test_count.py", "sms/test_numbers.py", "sms/test_groups.py", "sms/test_number_acts.py"),
    *("funds/test_vouchers.py", "admin/test_hand_acts.py", "api/test_v2_orders.py", "api/test_v2_catalogue.py"),
    *("api/test_suspended.py", "orders/test_mass.py", "orders/test_guard.py", "reconcile/test_holds.py"),
    *("orders/test_forwarding.py", "orders/test_poll.py", "upstream/test_forwarding.py", "funds/test_at_once.py"),
    *("catalog/test_changes.py", "admin/test_money_elsewhere.py", "conduct/test_refused.py"),
    *("admin/test_order_acts.py", "admin/test_twice.py", "admin/test_preview_is_saved.py", "admin/test_prices.py"),
    *("admin/test_catalogue_and_people.py", "admin/test_books_acts.py", "api/test_webhooks.py", "desk"),
    *("api/test_handler.py", "api/test_panel.py", "api/test_v2_numbers.py", "api/test_webhooks_admin.py"),
    *("orders/test_plans.py", "orders/test_properties.py", "orders/test_promotions.py", "orders/test_goods.py"),
    *("orders/test_statistics.py", "funds/test_transfer.py", "privacy/test_delete.py", "storefront/test_pages.py"),
    *("reconcile/test_balance.py", "reconcile/test_cost.py", "reconcile/test_evidence.py", "reconcile/test_admin.py"),
    *("reconcile/test_never_on_a_guess.py", "reconcile/test_silence.py", "wallet/test_referral.py"),
)
# Single tests of these take up to a minute: begun first, none is left over at the end for one process alone.
LONG = (
    *("security", "faults", "staff", "api/test_fuzz.py", "api/test_handler_fuzz.py", "api/test_openapi.py"),
    *("admin/test_pages.py", "reseller/test_query_counts.py", "journeys/test_every_page.py"),
)
EVERYWHERE = os.environ.get("TEST_EVERYWHERE", "")
_TESTS = Path(__file__).parent


def runs(path: Path, *, on_postgres: bool) -> bool:
    """Whether the tests of this file run on PostgreSQL, or on SQLite."""
    return bool(EVERYWHERE) or not _is_in(path, SQLITE_ALONE if on_postgres else POSTGRES_ALONE)


def is_long(path: Path) -> bool:
    """Whether the tests of this file go first."""
    return _is_in(path, LONG)


@functools.cache
def _is_in(path: Path, places: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(_TESTS / place) for place in places)


def wrong() -> list[str]:
    """Places named here that are not there any more, or that would run on no database at all."""
    gone = [place for place in [*SQLITE_ALONE, *POSTGRES_ALONE, *LONG] if not (_TESTS / place).exists()]
    torn = [place for place in SQLITE_ALONE if _is_in(_TESTS / place, POSTGRES_ALONE)]
    return gone + torn + [place for place in POSTGRES_ALONE if _is_in(_TESTS / place, SQLITE_ALONE)]
