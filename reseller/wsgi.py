"""The door for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reseller.settings")
application = get_wsgi_application()

from core import metrics  # noqa: E402 – needs what was set up just now

metrics.hand_over_regularly()
