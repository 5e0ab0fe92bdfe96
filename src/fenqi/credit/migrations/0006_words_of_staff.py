"""What staff write stands in the audit trail in clear, and so here: only what the applicant writes is sealed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("credit", "0005_means_in_digits")]

    operations = [
        migrations.RemoveField("decision", "words"),
        migrations.AddField(
            "decision",
            "words",
            models.CharField(default="", help_text="what a person said of it", max_length=300),
        ),
        migrations.RemoveField("reviewrequest", "answer"),
        migrations.AddField(
            "reviewrequest",
            "answer",
            models.CharField(default="", help_text="the reviewer's words", max_length=300),
        ),
    ]
