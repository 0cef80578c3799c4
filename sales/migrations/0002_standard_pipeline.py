from django.db import migrations

from sales.models.standard import add_standard


def add(apps, schema_editor):
    """Add the pipeline and the loss reasons that every installation begins with."""
    add_standard(*(apps.get_model("sales", name).objects for name in ("Pipeline", "Stage", "LossReason")))


class Migration(migrations.Migration):
    dependencies = [("sales", "0001_initial")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
