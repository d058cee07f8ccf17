"""The actions of the protocol by name."""

from api.access import Action
from api.handler import following, getting, offers
from api.handler.frame import handler

ACTIONS = {
    "getBalance": Action(offers.balance),
    "getPrices": Action(offers.prices),
    "getCountries": Action(offers.countries),
    "getServicesList": Action(offers.services),
    "getNumbersStatus": Action(offers.numbers_status),
    "getNumber": Action(getting.number, writes=True),
    "getNumberV2": Action(getting.number_v2, writes=True),
    "getStatus": Action(following.status),
    "getStatusV2": Action(following.status_v2),
    "setStatus": Action(following.set_status, writes=True),
    "getActiveActivations": Action(following.active),
}
view = handler(ACTIONS)
