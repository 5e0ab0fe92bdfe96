"""
Credit rows are written by the tens of thousands a day, each selected from its loan: a key would look at every loan again
and lock it. `fenqi verify` names a row without its loan.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bureau", "0002_foreign_keys")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE bureau_creditrow DROP CONSTRAINT bureau_creditrow_to_loan",
            "ALTER TABLE bureau_creditrow ADD CONSTRAINT bureau_creditrow_to_loan"
            " FOREIGN KEY (borrower_id, loan_id) REFERENCES servicing_loan (borrower_id, id)",
        )
    ]
