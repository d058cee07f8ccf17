"""When the admin's modules are there: at once where pages are served, in a worker when it first asks for an address."""

import subprocess
import sys

import pytest
from django.conf import settings

LOOK = """
import sys
sys.argv = [{program!r}]
import django
django.setup()
early = "orders.admin" in sys.modules
from django.contrib import admin
from django.urls import reverse
print(early, reverse("admin:orders_order_changelist"), len(admin.site._registry) > 30)
"""


@pytest.mark.parametrize(
    ("program", "early"),
    [
        ("/srv/shop/.venv/bin/celery", False),
        ("/srv/shop/.venv/lib/python3.11/site-packages/celery/__main__.py", False),
        ("/srv/shop/.venv/bin/gunicorn", True),
        ("/srv/celery/manage.py", True),
    ],
)
def test_a_worker_reads_the_admin_when_it_needs_an_address_of_it(program, early):
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(program=program)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [str(early), "/admin/orders/order/", "True"], done.stderr
