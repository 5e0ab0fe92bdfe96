"""The language an account chose, in which it is written to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0008_strangers_tries")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="language",
            field=models.CharField(
                blank=True,
                default="",
                help_text="what we say to them is in; empty: never chosen",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__in", ["", "zh-hans", "en"])), name="account_language_known"
            ),
        ),
    ]
