"""The queues of the shop, by kind of work; `reseller.celery` says what goes where. Needs no set-up Django."""

QUEUES = ("submit", "status", "codes", "sync", "hooks", "mail")
