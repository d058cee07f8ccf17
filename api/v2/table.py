"""The actions of the vendor's dialect by name."""

from api.access import Action
from api.endpoint import endpoint
from api.v2 import catalogue, numbers, orders

ACTIONS = {
    "categories": Action(catalogue.categories),
    "services": Action(catalogue.services),
    "inventory": Action(catalogue.inventory),
    "balance": Action(catalogue.balance),
    "add": Action(orders.add, writes=True),
    "status": Action(orders.status),
    "sms_projects": Action(numbers.projects),
    "sms_countries": Action(numbers.countries),
    "add_sms": Action(numbers.add, writes=True),
    "sms_code": Action(numbers.code),
    "sms_status": Action(numbers.status),
}
view = endpoint(ACTIONS)
