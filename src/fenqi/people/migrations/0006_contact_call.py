"""How one call to a contact ended."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0005_standing"),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactCall",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "borrower_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("borrower_id", models.BigIntegerField()),
                ("id", models.UUIDField()),
                ("contact_id", models.UUIDField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("reached", "已接通"),
                            ("no_answer", "无人接听"),
                            ("withdraw", "联系人不愿再被联系"),
                            ("unknown_person", "联系人不认识申请人"),
                        ],
                        max_length=16,
                    ),
                ),
                ("staff", models.CharField(max_length=80)),
                ("called_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["borrower_id", "-called_at"], name="contact_calls")],
            },
        ),
    ]
