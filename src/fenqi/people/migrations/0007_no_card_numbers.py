"""The full number of a card is told to the channel and kept nowhere: its token, its end and its keyed hash do."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("people", "0006_contact_call")]

    operations = [migrations.RemoveField(model_name="bankcard", name="number")]
