"""An instruction says what the day-end would else look up on its loan: whether it is plain, and whether it was settled."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("servicing", "0004_summarize_dates")]

    operations = [
        migrations.AddField("debitinstruction", "is_plain", models.BooleanField(default=False)),
        migrations.AddField("debitinstruction", "is_last", models.BooleanField(default=False)),
    ]
