"""`count_books`: bring the sums of every day up to date; with `--again`, make all of them anew."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from books.count import count
from books.models import Progress


class Command(BaseCommand):
    help = "Sum each day's transfers and costs for the dashboard and the reports. Harmless at any time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--again", action="store_true", help="Count every day anew.")

    def handle(self, **options: Any) -> None:
        if options["again"]:
            Progress.objects.filter(pk=1).update(zone="")
        self.stdout.write(f"{count(now=timezone.now())} days counted")
