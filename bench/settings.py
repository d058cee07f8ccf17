"""The shop's settings for the benches of its web server: a bare view beside the shop's own pages."""

from tests.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
