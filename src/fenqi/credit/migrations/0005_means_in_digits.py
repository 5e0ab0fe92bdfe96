from django.db import migrations

import fenqi.plumbing.sealed


class Migration(migrations.Migration):
    dependencies = [("credit", "0004_keys_of_decisions")]

    operations = [
        # A sealed value opens only in the column it was sealed for; people are asked again.
        migrations.RunSQL("DELETE FROM credit_meansdeclaration", migrations.RunSQL.noop),
        migrations.RenameField("meansdeclaration", "income_fen", "income"),
        migrations.RenameField("meansdeclaration", "other_dues_fen", "other_dues"),
        migrations.AlterField(
            "meansdeclaration",
            "income",
            fenqi.plumbing.sealed.SealedTextField(
                data_class="C2", default="", editable=False, help_text="fen, in digits"
            ),
        ),
        migrations.AlterField(
            "meansdeclaration",
            "other_dues",
            fenqi.plumbing.sealed.SealedTextField(
                data_class="C2", default="", editable=False, help_text="fen, in digits"
            ),
        ),
    ]
