from django.db import migrations

# By which relations the change feed tells of a customer, where all that is held on one is looked for.
NAMED = """CREATE INDEX change_{side}_{name} ON crm_change (({side} -> '{name}'))
 WHERE ({side} -> '{name}') IS NOT NULL"""
PLACES = [(side, name) for side in ('before', 'after') for name in ('from_customer', 'to_customer')]


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0020_read_by_indexes'),
        ('customers', '0011_refuse_more_of_the_erased'),
    ]

    operations = [
        migrations.RunSQL(NAMED.format(side=side, name=name), f'DROP INDEX change_{side}_{name}')
        for side, name in PLACES
    ]
