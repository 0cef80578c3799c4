from django.db import migrations, models

# What `crm/auth/sessions.py` says of it: ends all that accounts have open, whichever door changes what they are.
FUNCTIONS = """
CREATE FUNCTION crm_end_tokens(accounts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE oauth2_provider_refreshtoken
        SET revoked = coalesce(revoked, clock_timestamp()), updated = clock_timestamp(), access_token_id = NULL
        WHERE user_id = ANY (accounts) AND (revoked IS NULL OR access_token_id IS NOT NULL);
    DELETE FROM oauth2_provider_accesstoken WHERE user_id = ANY (accounts);
    DELETE FROM crm_grant WHERE user_id = ANY (accounts);
    UPDATE crm_devicegrant SET status = 'denied' WHERE user_id = ANY (accounts) AND status = 'authorized';
END $$;

CREATE FUNCTION crm_sign_out(accounts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- In one order, so that no two transactions wait for each other. Who never signed in has no session.
    PERFORM FROM crm_user WHERE id = ANY (accounts) ORDER BY id FOR NO KEY UPDATE;
    UPDATE crm_user SET session_version = session_version + 1
        WHERE id = ANY (accounts) AND last_login IS NOT NULL;
    PERFORM crm_end_tokens(accounts);
END $$;

CREATE FUNCTION crm_account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.session_version := greatest(NEW.session_version, OLD.session_version);  -- what was read long ago is saved too
    IF (OLD.username, OLD.email, OLD.is_active, OLD.is_staff, OLD.is_superuser)
            IS DISTINCT FROM (NEW.username, NEW.email, NEW.is_active, NEW.is_staff, NEW.is_superuser)
        OR OLD.password <> NEW.password AND current_setting('crm.same_password', true) IS DISTINCT FROM 'on'
    THEN
        NEW.session_version := NEW.session_version + 1;
        PERFORM crm_end_tokens(ARRAY[NEW.id]);
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION crm_rights_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM crm_sign_out(found.accounts)
        FROM (SELECT array_agg(DISTINCT user_id) AS accounts FROM changed) found WHERE found.accounts IS NOT NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION crm_role_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('crm.same_roles', true) = 'on' THEN
        RETURN NULL;
    END IF;
    PERFORM crm_sign_out(found.accounts)
        FROM (
            SELECT array_agg(DISTINCT m.user_id) AS accounts
            FROM changed c JOIN crm_user_groups m ON m.group_id = c.group_id
        ) found
        WHERE found.accounts IS NOT NULL;
    RETURN NULL;
END $$;
"""
TABLES = {
    "crm_user_groups": "crm_rights_changed",
    "crm_user_user_permissions": "crm_rights_changed",
    "auth_group_permissions": "crm_role_changed",
}
TRIGGERS = [
    """
    CREATE TRIGGER crm_account_changed BEFORE UPDATE ON crm_user FOR EACH ROW
        WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION crm_account_changed()
    """,
    *(
        f"CREATE TRIGGER crm_{verb} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        for table, function in TABLES.items()
        for verb, event, rows in (("given", "INSERT", "NEW"), ("taken", "DELETE", "OLD"))
    ),
]
REMOVE = [
    "DROP TRIGGER crm_account_changed ON crm_user",
    *(f"DROP TRIGGER crm_{verb} ON {table}" for table in TABLES for verb in ("given", "taken")),
    "DROP FUNCTION crm_role_changed()",
    "DROP FUNCTION crm_rights_changed()",
    "DROP FUNCTION crm_account_changed()",
    "DROP FUNCTION crm_sign_out(uuid[])",
    "DROP FUNCTION crm_end_tokens(uuid[])",
]


class Migration(migrations.Migration):

    dependencies = [
        ("crm", "0031_switch_applications_off"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("oauth2_provider", "0022_refreshtoken_token_family_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="session_version",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name="version of the sessions"),
        ),
        migrations.RunSQL([FUNCTIONS, *TRIGGERS], REMOVE),
    ]
