"""Who is part of a campaign: found out once, when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection

from customers.models import Customer

if TYPE_CHECKING:
    from marketing.models import Campaign

# A UUIDv7 (RFC 9562, section 5.7), which PostgreSQL makes itself only from version 18 on.
NEW_ID: Final = """encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid"""
# However few there are, each of two subjects has its reader.
TESTED: Final = "CASE WHEN %s = 0 THEN 0 ELSE greatest(2, ceil(f.number * %s / 100.0)) END"
# Half of the share of the comparison get one subject, half the other, by chance that is the same each time.
INSERT: Final = """INSERT INTO marketing_campaignmember (id, created_at, updated_at, owner_id, team_id, custom, tags,
    campaign_id, customer_id, state, reason, detail, variant, message_id, address_digest,
    attempts)
    SELECT {new_id}, now(), now(), %s, %s, '{{}}', '{{}}', %s, f.id, 'queued', '', '',
        CASE WHEN f.place > {tested} THEN '' WHEN f.place %% 2 = 1 THEN 'a' ELSE 'b' END, '', '', 0
    FROM (SELECT s.id, row_number() OVER (ORDER BY md5(s.id::text || %s)) AS place, count(*) OVER () AS number
          FROM ({segment}) AS s (id)) AS f
    ON CONFLICT (campaign_id, customer_id) DO NOTHING"""


def resolve_members(*, campaign: Campaign) -> int:
    """Write a member for each customer of the segment whom its starter sees, in one statement; return how many.

    Which of two subjects is compared is given by chance to as many members as the campaign says.
    """
    segment, by = campaign.segment, campaign.launched_by
    customers = segment.customers() if segment is not None else Customer.objects.none()
    if by is not None:
        customers = customers.visible_to(by)
    rows = customers.filter(erased_at__isnull=True).order_by().values_list("pk")
    try:
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return 0
    share = campaign.test_share if campaign.subject_b else 0
    given = [campaign.owner_id, campaign.team_id, campaign.pk, share, share, campaign.pk.hex]
    with connection.cursor() as cursor:
        cursor.execute(INSERT.format(new_id=NEW_ID, segment=sql, tested=TESTED), [*given, *parameters])
        return int(cursor.rowcount)
