"""The admin's side bar: what somebody may see, and which line is the page that is open."""

import pytest
from django.contrib.auth.models import Group
from django.test import RequestFactory
from django.urls import reverse

from accounts.models import User
from reseller.side_bar import navigation

pytestmark = pytest.mark.django_db


def shown(person, path):
    request = RequestFactory().get(path)
    request.user = person
    return {group["title"]: {item["title"]: item for item in group["items"]} for group in navigation(request)}


def test_an_owner_sees_every_line_and_the_open_one_is_marked():
    owner = User.objects.create_superuser("owner@example.com", "x")
    for path, open_ones in [
        (reverse("admin:index"), {"Overview"}),
        (reverse("admin:orders_order_changelist"), {"Orders"}),
        (reverse("admin:orders_order_add"), {"Orders"}),
        (reverse("admin:books_day_changelist"), {"Days"}),
        (reverse("admin:books_profit"), {"Profit"}),
        (reverse("first_run"), {"First run"}),
    ]:
        lines = [item for group in shown(owner, path).values() for item in group.values()]
        assert {item["title"] for item in lines if item["active"]} == open_ones, path
        assert len(lines) > 55


def test_others_see_what_their_role_gives_and_no_group_that_would_be_empty():
    clerk = User.objects.create_user("clerk@example.com", "x", is_staff=True)
    assert shown(clerk, "/admin/").keys() == {"Today"}
    assert shown(clerk, "/admin/")["Today"].keys() == {"Overview"}
    clerk.groups.add(Group.objects.get(name="Support"))
    seen = shown(User.objects.get(pk=clerk.pk), "/admin/")
    assert "Requests" in seen["Orders"]
    assert "Money in" not in seen
