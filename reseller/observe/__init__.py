"""What the shop says of itself: lines and counts of requests and tasks, the page of metrics, reports of errors."""
