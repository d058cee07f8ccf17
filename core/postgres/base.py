"""Django's backend for PostgreSQL; a connection that is kept is asked whether it lives every few seconds.

Django asks the server by a query of its own before each request, which was a tenth of a short call to the API. A server
that ends, or ends the connection, says so at the socket. One that vanished without a word is found out by a question,
when the last answer is `ASK_AFTER` old.
"""

import select
import time

from django.db.backends.postgresql import base
from psycopg.pq import ConnStatus

# Seconds.
ASK_AFTER = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    """What `DATABASES` names as ENGINE."""

    _answered = float("-inf")

    def is_usable(self) -> bool:
        """Whether the connection can be used; asks the server if it did so long ago, or something waits to be read."""
        if self.connection is None:
            return False
        pgconn = self.connection.pgconn
        if pgconn.status != ConnStatus.OK:
            return False
        waits = select.poll()
        waits.register(pgconn.socket, select.POLLIN)
        now = time.monotonic()
        if now - self._answered < ASK_AFTER and not waits.poll(0):
            return True
        usable: bool = super().is_usable()
        if usable:
            self._answered = now
        return usable
