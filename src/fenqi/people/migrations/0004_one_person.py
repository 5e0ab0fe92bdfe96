from django.db import migrations, models
from django.utils import timezone

from fenqi.plumbing import index_keys


def bind(apps, _editor):
    """Accounts that passed, or passed once and were moved away from: each is one of its person's."""
    Identity = apps.get_model("people", "Identity")
    PersonAccount = apps.get_model("people", "PersonAccount")
    for kept in Identity.objects.all().iterator():
        if kept.status == "passed" or kept.reason == "moved_to_another_account":
            PersonAccount.objects.get_or_create(
                person_index=index_keys.first_index(kept.id_number, purpose="person"),
                borrower_id=kept.borrower_id,
                defaults={"bound_at": kept.decided_at or timezone.now()},
            )


class Migration(migrations.Migration):
    dependencies = [("people", "0003_staff_person")]

    operations = [
        migrations.CreateModel(
            name="PersonAccount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "person_index",
                        "borrower_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("person_index", models.BinaryField(max_length=32)),
                ("borrower_id", models.BigIntegerField()),
                ("bound_at", models.DateTimeField()),
            ],
        ),
        migrations.AddIndex(
            model_name="contactnaming",
            index=models.Index(fields=["borrower_id"], name="naming_of_applicant"),
        ),
        migrations.RunPython(bind, migrations.RunPython.noop, elidable=True),
    ]
