"""An instruction says its book, and the event it was booked as: what the day-end writes then needs no loan."""

from django.db import migrations, models

FILL = """
UPDATE servicing_debitinstruction d SET
  book_id = l.book_id,
  sequence = r.sequence,
  booked_at = r.made_at
FROM servicing_loan l, servicing_debitinstruction e
LEFT JOIN servicing_eventreference r
  ON r.reference = e.debit_id::text AND r.borrower_id = e.borrower_id AND e.state = 'booked'
WHERE l.borrower_id = d.borrower_id AND l.id = d.loan_id
  AND e.borrower_id = d.borrower_id AND e.loan_id = d.loan_id AND e.due_on = d.due_on
  AND e.business_date = d.business_date
"""


class Migration(migrations.Migration):
    dependencies = [("servicing", "0002_storage_and_keys")]

    operations = [
        migrations.AddField("debitinstruction", "book_id", models.IntegerField(null=True)),
        migrations.AddField("debitinstruction", "sequence", models.IntegerField(null=True)),
        migrations.AddField("debitinstruction", "booked_at", models.DateTimeField(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("debitinstruction", "book_id", models.IntegerField()),
    ]
