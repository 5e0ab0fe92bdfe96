"""Whether an account is barred from new credit, and by whom."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0004_one_person"),
    ]

    operations = [
        migrations.CreateModel(
            name="Standing",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "borrower_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("borrower_id", models.BigIntegerField()),
                ("id", models.UUIDField(help_text="the approval it was made by")),
                ("is_blocked", models.BooleanField()),
                ("reason", models.CharField(max_length=300)),
                ("maker", models.CharField(max_length=40)),
                ("checker", models.CharField(max_length=40)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["borrower_id", "-changed_at"], name="standing_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("maker", models.F("checker")), _negated=True),
                        name="standing_by_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="standing_says_why"
                    ),
                ],
            },
        ),
    ]
