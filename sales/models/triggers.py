"""What the database itself writes of deals, whichever door a change came through.

The stage decides whether a deal is open, won or lost; each move is kept; lines add up to the amount.
"""

from __future__ import annotations

from typing import Any, Final

import pgtrigger

from crm.changes.triggers import DECLARED

STAGE_DECIDES: Final = """
    IF TG_OP = 'INSERT' OR NEW.stage_id <> OLD.stage_id THEN  -- lest the stage changes its kind meanwhile
        PERFORM FROM sales_stage WHERE id = NEW.stage_id FOR SHARE;
    END IF;
    SELECT kind, pipeline_id INTO found_kind, found_pipeline FROM sales_stage WHERE id = NEW.stage_id;
    IF NOT FOUND THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.stage_id <> OLD.stage_id THEN
        NEW.stage_since := clock_timestamp();
    END IF;
    IF found_kind = 'open' THEN
        NEW.closed_at := NULL;
        IF NEW.forecast_category = 'closed' OR OLD.status = 'lost' THEN
            NEW.forecast_category := 'pipeline';
        END IF;
    ELSE
        IF NEW.closed_at IS NULL OR OLD.status <> found_kind THEN
            NEW.closed_at := clock_timestamp();
        END IF;
        NEW.forecast_category := CASE found_kind WHEN 'won' THEN 'closed' ELSE 'omitted' END;
        NEW.probability := NULL;
    END IF;
    IF found_kind <> 'lost' THEN
        NEW.lost_reason_id := NULL;
        NEW.lost_note := '';
    END IF;
    NEW.status := found_kind;
    NEW.pipeline_id := found_pipeline;
    RETURN NEW;
"""

# A UUID of version 7, which PostgreSQL itself makes only from version 18 on.
NEW_ID: Final = (
    "encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing"
    " substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),"
    " 52, 1), 53, 1), 'hex')::uuid"
)

# Who buys is a customer, who has a deal is a prospect.
LIFECYCLE: Final = """
    UPDATE customers_customer c SET lifecycle = d.lifecycle, updated_at = clock_timestamp()
    FROM (
        SELECT b.id, min(b.lifecycle) AS lifecycle FROM (
            SELECT unnest(ARRAY[n.customer_id, n.contact_id]) AS id,
             CASE n.status WHEN 'won' THEN 'customer' ELSE 'prospect' END AS lifecycle FROM {rows}
        ) b GROUP BY b.id
    ) d
    WHERE c.id = d.id AND (c.lifecycle = 'lead' OR d.lifecycle = 'customer' AND c.lifecycle <> 'customer');
"""

CHANGED: Final = "(n.stage_id, n.customer_id, n.contact_id) IS DISTINCT FROM (o.stage_id, o.customer_id, o.contact_id)"
MOVED: Final = f"""
    INSERT INTO sales_stagechange (id, created_at, updated_at, owner_id, team_id, custom, tags,
     opportunity_id, from_stage_id, to_stage_id, changed_at, changed_by_id, seconds)
    SELECT {NEW_ID}, n.stage_since, n.stage_since, n.owner_id, n.team_id, '{{}}', '{{}}',
     n.id, o.stage_id, n.stage_id, n.stage_since, (context->>'user')::uuid,
     greatest(0, extract(epoch FROM n.stage_since - o.stage_since))::bigint
    FROM old_rows o JOIN new_rows n ON n.id = o.id WHERE n.stage_id <> o.stage_id;
    {LIFECYCLE.format(rows=f"old_rows o JOIN new_rows n ON n.id = o.id AND {CHANGED}")}
    RETURN NULL;
"""  # noqa: S608 -- names of columns

# The deals are locked before their lines are read, lest two who add lines at once each miss the other's.
ADDED_UP: Final = """
    PERFORM FROM sales_opportunity o WHERE o.id IN (SELECT r.opportunity_id FROM {rows} r)
     ORDER BY o.id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM sales_opportunityline l WHERE l.opportunity_id IN (SELECT r.opportunity_id FROM {rows} r)
        GROUP BY l.opportunity_id HAVING sum(l.total) >= 1e12
    ) THEN
        RAISE EXCEPTION 'The lines come to too much.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'opportunity_lines_too_much';
    END IF;
    UPDATE sales_opportunity o SET lines_total = s.total, amount = coalesce(s.total, 0), updated_at = clock_timestamp()
    FROM (
        SELECT r.opportunity_id AS id,
         (SELECT sum(l.total) FROM sales_opportunityline l WHERE l.opportunity_id = r.opportunity_id) AS total
        FROM {rows} r GROUP BY r.opportunity_id
    ) s
    WHERE s.id = o.id AND s.total IS DISTINCT FROM o.lines_total;
    RETURN NULL;
"""
EITHER: Final = "(SELECT opportunity_id FROM old_rows UNION SELECT opportunity_id FROM new_rows)"


def opportunity_triggers() -> list[pgtrigger.Trigger]:
    """Return the triggers by which a deal follows its stage."""
    return [
        pgtrigger.Trigger(
            name="stage_decides",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert | pgtrigger.Update,
            declare=[("found_kind", "text"), ("found_pipeline", "uuid")],
            func=STAGE_DECIDES,
        ),
        after("opened", pgtrigger.Insert, LIFECYCLE.format(rows="new_rows n") + " RETURN NULL;", new="new_rows"),
        after("moved", pgtrigger.Update, MOVED, declare=DECLARED[:1], old="old_rows", new="new_rows"),
    ]


def line_triggers() -> list[pgtrigger.Trigger]:
    """Return the triggers by which the amount of a deal is the sum of its lines."""
    return [
        after("line_added", pgtrigger.Insert, ADDED_UP.format(rows="new_rows"), new="new_rows"),
        after("line_removed", pgtrigger.Delete, ADDED_UP.format(rows="old_rows"), old="old_rows"),
        after("line_changed", pgtrigger.Update, ADDED_UP.format(rows=EITHER), old="old_rows", new="new_rows"),
    ]


def after(
    name: str, operation: Any, func: str, *, declare: list[tuple[str, str]] | None = None, **rows: str
) -> pgtrigger.Trigger:
    """Return a trigger that runs once after a statement, with the rows that it wrote."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        declare=declare,
        referencing=pgtrigger.Referencing(**rows),  # type: ignore[no-untyped-call]  # pgtrigger is typed by half
        func=func,
    )


def converted_trigger() -> pgtrigger.Trigger:
    """Return the trigger by which a converted lead stays so, whatever is taken back of its history."""
    return pgtrigger.Trigger(
        name="lead_stays_converted",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__status="converted") & ~pgtrigger.Q(new__status="converted"),
        func="""
            RAISE EXCEPTION 'A converted lead stays so.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lead_converted_or_not';
        """,
    )
