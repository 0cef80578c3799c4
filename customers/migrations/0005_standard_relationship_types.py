from django.db import migrations

from customers.models.standard_relations import STANDARD


def add(apps, schema_editor):
    """Add the types that every installation begins with."""
    model = apps.get_model("customers", "RelationshipType")
    for values in STANDARD:
        model.objects.get_or_create(code=values["code"], defaults=values)


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_relationships")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
