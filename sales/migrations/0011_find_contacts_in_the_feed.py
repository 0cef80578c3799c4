from django.db import migrations

# By which deals the change feed tells of a contact, where all that is held on one is looked for.
NAMED = """CREATE INDEX change_{side}_contact ON crm_change (({side} -> 'contact'))
 WHERE ({side} -> 'contact') IS NOT NULL"""


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0020_read_by_indexes'),
        ('sales', '0010_lead_forms'),
    ]

    operations = [
        migrations.RunSQL(NAMED.format(side=side), f'DROP INDEX change_{side}_contact') for side in ('before', 'after')
    ]
