"""Fill a PostgreSQL with a shop of any size, by SQL alone: a million orders take minutes, and the audit passes on them.

    from bench.loader import load
    load(orders=1_000_000, transfers=5_000_000)

The tables must be empty of orders and money. Triggers and foreign keys are not asked while rows are written, so the
database's user must be its superuser; `audit_books` afterwards proves that all of it fits. Orders are spread evenly
over `days`, up to now, in the order of their numbers: 5% of them products, 96% completed, the rest in every other
state; beside ten orders there is one purchase of a number. Each order has its hold, two events and an attempt.
"""

import time

from django.db import connection, transaction

from core.secrets import encrypt

# One statement a line of this table; %(…)s are filled in by `load`.
STATEMENTS: list[tuple[str, str]] = [
    (
        "people",
        """INSERT INTO accounts_user (id, password, is_superuser, first_name, last_name, is_staff, is_active,
            date_joined, email, language, time_zone, login_alerts)
        SELECT %(user0)s + i, '!', false, '', '', false, true, now() - %(days)s * interval '1 day',
            'customer' || i || '@' || (ARRAY['example.com', 'example.org', 'example.net'])[1 + i %% 3], '', '', true
        FROM generate_series(1, %(customers)s) i""",
    ),
    (
        "accounts",
        """INSERT INTO wallet_account (id, kind, owner_id, balance, held)
        SELECT %(account0)s + i, 'CUSTOMER', %(user0)s + i, 0, 0 FROM generate_series(1, %(customers)s) i
        UNION ALL SELECT %(account0)s + %(customers)s + 1, 'PAYMENTS', NULL, 0, 0
        UNION ALL SELECT %(account0)s + %(customers)s + 2, 'SALES', NULL, 0, 0""",
    ),
    (
        "categories",
        """INSERT INTO catalog_category (id, name, name_zh, position, hidden, warranty_days, new_services)
        SELECT %(category0)s + i, 'Category ' || i, '', i, false, 0, '' FROM generate_series(1, %(categories)s) i""",
    ),
    (
        "services",
        """INSERT INTO catalog_service (id, upstream_id, name, type, entity, category_id, rate, price, unit, min, max,
            refill, cancel, auto_delivery, state, hidden, held, vendor_name, own_name, name_zh, description,
            description_zh, position, vendor_category_id, search_text, first_seen_at, changed_at)
        SELECT %(service0)s + i, 1000000 + i, 'Service number ' || i, 'Default',
            CASE WHEN i %% 20 = 0 THEN 'PRODUCT' ELSE 'SMM' END, %(category0)s + 1 + i %% %(categories)s,
            400000 + i * 100, 600000 + i * 150, CASE WHEN i %% 20 = 0 THEN 1 ELSE 1000 END, 1, 100000,
            false, false, true, 'ON_SALE', false, false, 'Service number ' || i, '', '', '', '', 0,
            %(category0)s + 1 + i %% %(categories)s, 'service number ' || i, now(), now()
        FROM generate_series(1, %(services)s) i""",
    ),
    (
        "sites",
        """INSERT INTO sms_site (id, name, folded, hidden)
        SELECT %(site0)s + i, 'Site ' || i, 'site ' || i, false FROM generate_series(1, 20) i""",
    ),
    (
        "countries",
        """INSERT INTO sms_country (id, code, name, region, hidden)
        SELECT %(country0)s + i, 'bench-' || i, 'Country ' || i, '', false FROM generate_series(1, 30) i""",
    ),
    (
        "projects",
        """INSERT INTO sms_project (id, upstream_id, site_id, country_id, cost, price, state, hidden, changed_at)
        SELECT %(project0)s + i, 'bench-' || i, %(site0)s + 1 + i %% 20, %(country0)s + 1 + i / 20,
            200000, 350000, 'ON_SALE', false, now()
        FROM generate_series(0, 599) i""",
    ),
    (
        "what is ordered",
        # One in a thousand is in doubt, and so on: the rare states are what lists have to find.
        """CREATE TEMPORARY TABLE plan AS
        SELECT i, %(service0)s + s AS service_id, s, 1 + (i::bigint * 7919) %% %(customers)s AS c,
            CASE WHEN s %% 20 = 0 THEN 1 ELSE 1000 + (i %% 9) * 1000 END AS quantity,
            CASE WHEN i > %(orders)s - %(running)s THEN 'RUNNING' WHEN i %% 5000 = 17 THEN 'UNCERTAIN'
                WHEN i %% 100 = 3 THEN 'PARTIAL' WHEN i %% 100 = 5 THEN 'CANCELED' WHEN i %% 100 = 7 THEN 'REJECTED'
                ELSE 'COMPLETED' END AS state,
            now() - %(days)s * interval '1 day' * (1 - i::float / (%(orders)s + 1)) AS at
        FROM generate_series(1, %(orders)s) i
            CROSS JOIN LATERAL (SELECT 1 + ((i::bigint * 104729) %% %(services)s)::int AS s) x""",
    ),
    ("", "UPDATE plan SET state = 'COMPLETED' WHERE s %% 20 = 0 AND state = 'PARTIAL'"),
    (
        "what it costs",
        """CREATE TEMPORARY TABLE bought AS
        SELECT plan.*, (400000 + s * 100)::bigint * quantity / unit AS cost,
            (600000 + s * 150)::bigint * quantity / unit AS charge,
            CASE state WHEN 'COMPLETED' THEN quantity WHEN 'PARTIAL' THEN quantity / 2 ELSE 0 END AS delivered
        FROM plan CROSS JOIN LATERAL (SELECT CASE WHEN s %% 20 = 0 THEN 1 ELSE 1000 END AS unit) u""",
    ),
    (
        "holds of orders",
        """INSERT INTO wallet_hold (id, key, account_id, amount, captured, refunded, state, created_at, closed_at)
        SELECT %(hold0)s + i, 'order:B' || lpad(i::text, 11, '0') || ':hold', %(account0)s + c, charge,
            CASE state WHEN 'COMPLETED' THEN charge WHEN 'PARTIAL' THEN charge / 2 ELSE 0 END,
            CASE WHEN state = 'COMPLETED' AND i %% 50 = 1 THEN charge / 4 ELSE 0 END,
            CASE WHEN state IN ('COMPLETED', 'PARTIAL') THEN 'CAPTURED'
                WHEN state IN ('CANCELED', 'REJECTED') THEN 'RELEASED' ELSE 'OPEN' END,
            at, CASE WHEN state IN ('RUNNING', 'UNCERTAIN') THEN NULL ELSE at END
        FROM bought""",
    ),
    (
        "orders",
        """INSERT INTO orders_order (id, reference, customer_id, service_id, service_name, entity, link, quantity, run,
            unit, rate, price, cost, charge, hold_id, form_key, state, reason, delivered, warranty_days, upstream_id,
            upstream_status, flag, twice, placed_at, accepted_at, changed_at, finished_at, not_before, tries, claim,
            below_cost, finding, evidence, poll_claim, poll_failures, upstream_charge, next_poll_at)
        SELECT i, 'B' || lpad(i::text, 11, '0'), %(user0)s + c, service_id, 'Service number ' || s,
            CASE WHEN s %% 20 = 0 THEN 'PRODUCT' ELSE 'SMM' END,
            CASE WHEN s %% 20 = 0 THEN '' ELSE 'https://social.example.com/' || md5(i::text) END, quantity, 0, unit,
            400000 + s * 100, 600000 + s * 150, cost, charge, %(hold0)s + i, '', state, '', delivered, 0,
            CASE WHEN state IN ('UNCERTAIN', 'REJECTED') THEN NULL ELSE 50000000 + i END,
            initcap(state), CASE WHEN i %% 2000 = 11 THEN 'charged more than listed' ELSE '' END, 0,
            at, CASE WHEN state IN ('UNCERTAIN', 'REJECTED') THEN NULL ELSE at END, at,
            CASE WHEN state IN ('RUNNING', 'UNCERTAIN') THEN NULL ELSE at END, at, 1, '', '', '', '', '', 0,
            CASE state WHEN 'COMPLETED' THEN cost WHEN 'PARTIAL' THEN cost / 2 WHEN 'RUNNING' THEN cost END,
            CASE state WHEN 'RUNNING' THEN now() + interval '1 day' END
        FROM bought CROSS JOIN LATERAL (SELECT CASE WHEN s %% 20 = 0 THEN 1 ELSE 1000 END AS unit) u""",
    ),
    (
        "delivered items",
        """INSERT INTO orders_delivereditem (order_id, position, text, mark, delivered_at)
        SELECT i, 1, %(item)s, md5('item' || i), at FROM bought WHERE s %% 20 = 0 AND state = 'COMPLETED'""",
    ),
    (
        "events",
        """INSERT INTO orders_orderevent (order_id, kind, amount, note, at)
        SELECT i, 'PLACED', charge, '', at FROM bought
        UNION ALL SELECT i, state, NULL, '', at FROM bought WHERE state NOT IN ('RUNNING')""",
    ),
    (
        "attempts",
        """INSERT INTO orders_attempt (order_id, claim, request, outcome, detail, started_at, finished_at,
            reading_before, reading_after)
        SELECT i, md5('attempt' || i), '{"action": "add"}',
            CASE state WHEN 'REJECTED' THEN 'REFUSED' WHEN 'UNCERTAIN' THEN 'UNANSWERED' ELSE 'ACCEPTED' END,
            '', at, at, 0, 0 FROM bought""",
    ),
    (
        "purchases",
        """INSERT INTO sms_purchase (id, reference, customer_id, project_id, site_name, country_name, quantity, phone,
            cost, price, surplus, form_key, state, reason, flag, placed_at, accepted_at, finished_at, not_before, tries,
            claim, below_cost, finding, evidence)
        SELECT i, 'b' || lpad(i::text, 15, '0'), %(user0)s + 1 + (i * 31) %% %(customers)s, %(project0)s + i %% 600,
            'Site ' || 1 + i %% 20, 'Country ' || 1 + (i %% 600) / 20, 1, '', 200000, 350000, 0, '', 'CLOSED', '', '',
            at, at, at, at, 1, '', '', '', ''
        FROM (SELECT i, now() - %(days)s * interval '1 day' * (1 - i::float / (%(numbers)s + 1)) AS at
            FROM generate_series(1, %(numbers)s) i) x""",
    ),
    (
        "holds of numbers",
        """INSERT INTO wallet_hold (id, key, account_id, amount, captured, refunded, state, created_at, closed_at)
        SELECT %(hold0)s + %(orders)s + id, 'sms:' || reference || ':0:hold',
            customer_id - %(user0)s + %(account0)s, price, CASE WHEN id %% 10 < 7 THEN price ELSE 0 END, 0,
            CASE WHEN id %% 10 < 7 THEN 'CAPTURED' ELSE 'RELEASED' END, placed_at, placed_at FROM sms_purchase""",
    ),
    (
        "slots",
        """INSERT INTO sms_slot (id, purchase_id, position, hold_id)
        SELECT id, id, 0, %(hold0)s + %(orders)s + id FROM sms_purchase""",
    ),
    (
        "numbers",
        """INSERT INTO sms_number (id, purchase_id, slot_id, upstream_id, phone, e164, state, upstream_status, flag,
            last_code, received_at, expires_at, first_code_at, changed_at, finished_at, poll_claim, poll_failures,
            upstream_charge)
        SELECT id, id, id, 70000000 + id, '1' || lpad((id::bigint * 7 %% 10000000000)::text, 10, '2'),
            '+1' || lpad((id::bigint * 7 %% 10000000000)::text, 10, '2'),
            CASE WHEN id %% 10 < 7 THEN 'FINISHED' ELSE 'EXPIRED' END, '', '', '', placed_at, placed_at,
            CASE WHEN id %% 10 < 7 THEN placed_at END, placed_at, placed_at, '', 0,
            CASE WHEN id %% 10 < 7 THEN cost ELSE 0 END
        FROM sms_purchase""",
    ),
    (
        "what moves",
        # Deposits come before what they pay for; all of a customer's movements are told in the order of their numbers.
        """CREATE TEMPORARY TABLE moves AS
        SELECT row_number() OVER (ORDER BY at, step, cause) AS id, * FROM (
            SELECT 'DEPOSIT' AS kind, 0 AS step, c AS c, charge AS amount, at, NULL::bigint AS hold,
                'bench:' || i || ':deposit:' || n AS cause
            FROM bought CROSS JOIN generate_series(1, %(deposits)s) n
            UNION ALL
            SELECT 'DEPOSIT', 0, customer_id - %(user0)s, price, placed_at, NULL, 'bench:sms:' || id
            FROM sms_purchase
            UNION ALL
            SELECT 'CAPTURE', 1, c, CASE state WHEN 'PARTIAL' THEN charge / 2 ELSE charge END, at, %(hold0)s + i,
                'order:' || i || ':capture'
            FROM bought WHERE state IN ('COMPLETED', 'PARTIAL')
            UNION ALL
            SELECT 'CAPTURE', 1, customer_id - %(user0)s, price, placed_at, %(hold0)s + %(orders)s + id,
                'sms:' || reference || ':0:capture' FROM sms_purchase WHERE id %% 10 < 7
            UNION ALL
            SELECT 'REFUND', 2, c, charge / 4, at, %(hold0)s + i, 'order:' || i || ':refund:bench' FROM bought
            WHERE state = 'COMPLETED' AND i %% 50 = 1
        ) x""",
    ),
    (
        "transfers",
        """INSERT INTO wallet_transfer (id, key, kind, source_id, target_id, customer_id, hold_id, amount,
            balance_after, memo, created_at)
        SELECT id, cause, kind, CASE kind WHEN 'DEPOSIT' THEN payments WHEN 'CAPTURE' THEN account ELSE sales END,
            CASE kind WHEN 'CAPTURE' THEN sales ELSE account END, account, hold, amount,
            sum(CASE kind WHEN 'CAPTURE' THEN -amount ELSE amount END) OVER (PARTITION BY c ORDER BY id),
            CASE kind WHEN 'DEPOSIT' THEN 'Top-up' ELSE 'Order' END, at
        FROM moves CROSS JOIN LATERAL (SELECT %(account0)s + c AS account, %(account0)s + %(customers)s + 1 AS payments,
            %(account0)s + %(customers)s + 2 AS sales) a
        ORDER BY id""",
    ),
    (
        "balances",
        """UPDATE wallet_account SET balance = moved FROM (
            SELECT c, sum(CASE kind WHEN 'CAPTURE' THEN -amount ELSE amount END) AS moved FROM moves GROUP BY c
        ) m WHERE wallet_account.id = %(account0)s + m.c""",
    ),
    (
        "",
        """UPDATE wallet_account SET held = open FROM (
            SELECT account_id, sum(amount) AS open FROM wallet_hold WHERE state = 'OPEN' GROUP BY account_id
        ) h WHERE wallet_account.id = h.account_id""",
    ),
    ("", "DROP TABLE plan, bought, moves"),
]
SEQUENCES = [
    *("accounts_user", "wallet_account", "wallet_hold", "wallet_transfer", "catalog_category", "catalog_service"),
    *("orders_order", "sms_site", "sms_country", "sms_project", "sms_purchase", "sms_slot", "sms_number"),
]


def load(
    *,
    orders: int,
    transfers: int | None = None,
    customers: int | None = None,
    services: int = 400,
    days: int = 365,
    running: int | None = None,
) -> float:
    """Write a shop of `orders` orders and about `transfers` transfers (five times as many); seconds it took.

    The newest `running` orders run, by default one in 500.
    """
    began = time.monotonic()
    wanted = 5 * orders if transfers is None else transfers
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM orders_order), EXISTS (SELECT 1 FROM wallet_transfer)")
        if any(cursor.fetchone()):
            raise RuntimeError("there are orders or transfers already: load into an empty shop")
    given = {
        "orders": orders,
        "numbers": orders // 10,
        "customers": customers or max(orders // 100, 10),
        "services": services,
        "categories": 20,
        "days": days,
        "running": max(orders // 500, 1) if running is None else running,
        # Besides captures, refunds and what numbers move.
        "deposits": max(round((wanted - 1.17 * orders) / orders), 1),
        "item": encrypt("user:password"),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, name in [
            *(("accounts_user", "user0"), ("wallet_account", "account0"), ("wallet_hold", "hold0")),
            *(("catalog_category", "category0"), ("catalog_service", "service0"), ("sms_site", "site0")),
            *(("sms_country", "country0"), ("sms_project", "project0")),
        ]:
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
            given[name] = cursor.fetchone()[0]
        # The accounts of the shop itself are made by the loader.
        cursor.execute("DELETE FROM wallet_account WHERE owner_id IS NULL")
        for _name, statement in STATEMENTS:
            cursor.execute(statement, given)
        for table in SEQUENCES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return time.monotonic() - began
