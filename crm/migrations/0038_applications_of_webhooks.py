from django.db import migrations

FIRST_PARTY = "crm"
MANAGE = "webhooks:manage"


def assign(apps, schema_editor):
    """Give webhooks that were made over the API to the one application that can have made them, or to the CRM's own."""
    Webhook = apps.get_model("crm", "Webhook")
    Application = apps.get_model("crm", "Application")
    tokens = apps.get_model("oauth2_provider", "AccessToken").objects.filter(scope__contains=MANAGE)
    own = Application.objects.filter(client_id=FIRST_PARTY).values_list("pk", flat=True).first()
    for webhook in Webhook.objects.filter(application=None, scopes__contains=MANAGE):  # on the screens, none had it
        holders = set(tokens.filter(user=webhook.user_id, application__isnull=False).values_list("application", flat=True))
        robots = set(Application.objects.filter(user=webhook.user_id).values_list("pk", flat=True))
        found = holders | robots
        application = found.pop() if len(found) == 1 else own
        Webhook.objects.filter(pk=webhook.pk).update(application=application)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0037_webhooks_belong_to_applications"),
        ("oauth2_provider", "0022_refreshtoken_token_family_index"),
    ]

    operations = [migrations.RunPython(assign, migrations.RunPython.noop)]
