"""The vendor's dialect: what is on sale, in the contract's shapes and with our ids and prices."""

from decimal import Decimal

import pytest
from django.test import Client

from catalog.models import Category, Service
from sms.models import Country, Project
from upstream import replies

pytestmark = pytest.mark.django_db


class TestServices:
    def test_a_row_is_what_the_contract_says(self, ask, catalogue):
        answer = ask("services")
        ours = {service.pk: service for service in catalogue.values()}
        assert answer["total"] == len(answer["services"]) == len(ours)
        assert (answer["page"], answer["limit"], answer["total_pages"]) == (1, len(ours), 1)
        for row in answer["services"]:
            service = ours[row["service"]]
            assert list(row) == [
                *("service", "name", "type", "category", "rate", "min", "max", "refill", "cancel", "stock"),
                *("entityType", "autoDelivery"),
            ]
            assert Decimal(row["rate"]) == service.price
            assert [type(row[name]) for name in ("rate", "min", "max", "refill", "cancel", "stock")] == [
                *(str, int, int, bool, bool, int)
            ]
            assert row["entityType"] == service.entity.lower()

    def test_our_own_reader_of_the_vendor_takes_all_of_it(self, secret, catalogue):
        body = Client().post("/api/v2", {"key": secret, "action": "services"}).content
        read = replies.services(body)
        assert not read.skipped
        assert len(read.good) == len(catalogue)

    def test_only_what_is_on_sale_is_there(self, ask, catalogue):
        Service.objects.filter(upstream_id=1).update(hidden=True)
        Service.objects.filter(upstream_id=2).update(state="SUSPENDED")
        shown = {row["service"] for row in ask("services")["services"]}
        assert not shown & {catalogue[1].pk, catalogue[2].pk}
        assert ask("inventory", service=catalogue[1].pk) == {"error": "Service not found"}

    def test_pages_hold_everything_once(self, ask, catalogue):
        pages = [ask("services", page=page, limit=7) for page in range(1, 8)]
        ids = [row["service"] for page in pages for row in page["services"]]
        assert sorted(ids) == sorted(service.pk for service in catalogue.values())
        assert {page["total_pages"] for page in pages} == {-(-len(catalogue) // 7)}

    @pytest.mark.parametrize("odd", ["-1", "x", "0", "", "9" * 18, "1.5"])
    def test_an_odd_page_or_limit_breaks_nothing(self, ask, catalogue, odd):
        assert "services" in ask("services", page=odd, limit=odd)
        assert "services" in ask("services", page=odd, limit="5")

    def test_filters_are_the_names_of_categories(self, ask, catalogue):
        listed = ask("categories")["categories"]
        assert listed
        for each in listed:
            rows = ask("services", category=each["category"])["services"]
            assert rows
            assert {row["category"] for row in rows} == {each["category"]}
        subcategory = next(name for each in listed for name in each["subcategories"])
        assert ask("services", subcategory=subcategory)["services"]
        assert ask("services", category="no such")["services"] == []

    def test_a_category_without_anything_on_sale_is_not_listed(self, ask, catalogue):
        name = ask("categories")["categories"][0]["category"]
        Category.objects.filter(name=name).update(hidden=True)
        assert name not in [each["category"] for each in ask("categories")["categories"]]

    @pytest.mark.usefixtures("notes_apart")
    def test_the_list_takes_one_query_however_long(self, ask, catalogue, django_assert_num_queries):
        ask("balance")
        with django_assert_num_queries(2):  # the key, the list
            ask("services")

    def test_inventory_tells_the_stock(self, ask, catalogue):
        service = catalogue[7]
        assert ask("inventory", service=service.pk) == {
            "service": service.pk,
            "stock": service.stock,
            "available": True,
            "entityType": service.entity.lower(),
            "autoDelivery": service.auto_delivery,
        }
        Service.objects.filter(pk=service.pk).update(stock=0)
        assert ask("inventory", service=service.pk)["available"] is False


class TestNumbers:
    def test_projects_are_ours_with_our_prices(self, ask, projects):
        answer = ask("sms_projects")
        ours = {str(project.pk): project for project in projects.values()}
        assert {row["project_id"] for row in answer} == set(ours)
        for row in answer:
            project = ours[row["project_id"]]
            assert list(row) == ["project_id", "name", "price", "country_id", "country_title"]
            assert Decimal(row["price"]) >= project.price
            assert row["country_id"] == project.country.code

    def test_a_country_filters_and_an_unknown_one_has_nothing(self, ask, projects):
        assert {row["country_id"] for row in ask("sms_projects", country="us")} == {"us"}
        assert ask("sms_projects", country="nowhere") == []

    def test_countries_are_those_with_something_on_sale(self, ask, projects):
        codes = {row["country_code"] for row in ask("sms_countries")}
        assert codes == {project.country.code for project in projects.values()}
        Country.objects.filter(code="us").update(hidden=True)
        assert codes - {row["country_code"] for row in ask("sms_countries")} == {"us"}

    def test_what_is_off_sale_is_not_there(self, ask, project):
        Project.objects.filter(pk=project.pk).update(state="SUSPENDED")
        assert str(project.pk) not in [row["project_id"] for row in ask("sms_projects")]
