from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_evidence")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="below_cost",
            field=models.CharField(
                blank=True,
                choices=[
                    ("HELD", "Held back: it would be sold below cost"),
                    ("ALLOWED", "Let go below cost by an operator"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("SERVICE_GONE", "This service is no longer offered."),
                    ("BAD_LINK", "The link was not accepted: check that it is public and right."),
                    ("BAD_QUANTITY", "The quantity was not accepted for this service."),
                    ("OUT_OF_STOCK", "It is out of stock."),
                    ("PRICE_ROSE", "The price rose before it could go out."),
                    ("NOT_ACCEPTED", "The order could not be accepted."),
                    ("NOT_DELIVERED", "It could not be delivered."),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="orderevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("PLACED", "Order placed, money set aside"),
                    ("DELAYED", "Delayed: it will go out by itself"),
                    ("ACCEPTED", "Accepted"),
                    ("STARTED", "In progress"),
                    ("DELIVERED", "Items delivered"),
                    ("COMPLETED", "Completed"),
                    ("PARTIAL", "Partly delivered, the rest paid back"),
                    ("CANCELED", "Canceled, money back"),
                    ("REJECTED", "Refused, money back"),
                    ("REFUNDED", "Refunded"),
                    ("UNCERTAIN", "Nobody knows whether the vendor has it"),
                    ("RESOLVED", "Resolved by an operator"),
                    ("HELD", "Held back: it would be sold below cost"),
                ],
                max_length=12,
            ),
        ),
    ]
