"""Django's backend for PostgreSQL; a connection that is kept is not asked whether it lives before each request.

Django asks the server by a query of its own, which was a tenth of a short call to the API. A server that has gone, or
that ends the connection, says so at the socket: where nothing is to be read, the connection is as good as one that has
just answered.
"""

import select

from django.db.backends.postgresql import base
from psycopg.pq import ConnStatus


class DatabaseWrapper(base.DatabaseWrapper):
    """What `DATABASES` names as ENGINE."""

    def is_usable(self) -> bool:
        """Whether the connection can be used; the server is asked only if something waits to be read from it."""
        if self.connection is None:
            return False
        pgconn = self.connection.pgconn
        if pgconn.status != ConnStatus.OK:
            return False
        waits = select.poll()
        waits.register(pgconn.socket, select.POLLIN)
        return not waits.poll(0) or super().is_usable()
