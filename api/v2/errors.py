"""The errors of the contract, word for word, and those in its manner that it does not list."""

NO_SERVICE_NAMED = "Service ID is required"
NO_SUCH_SERVICE = "Service not found"
NO_FUNDS = "Insufficient balance"
NO_ORDER_NAMED = "Order ID is required"
NO_SUCH_ORDER = "Order not found"
NO_PROJECT_NAMED = "Project ID is required"
NO_SUCH_PROJECT = "Project not found"
