"""Customers for demonstration, in the languages of the TOML files beside this one."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from crm.demonstration import TAGS
from crm.models import SavedView, Task, User
from customers.demonstration import extras
from customers.demonstration.consents import consents, notes
from customers.demonstration.views import rules, views
from customers.matching import renew_duplicates
from customers.models import Address, Consent, Customer, Interaction, Relationship

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import Model

    from crm.demonstration import Setting
    from crm.models import Record


DAYS: Final = 365
PEOPLE_PER_ORGANIZATION: Final = 2
PRIVATE_PEOPLE: Final = 5
INTERACTIONS: Final = 600
TASKS: Final = 60
DONE: Final = 0.2
DATED: Final = 0.85
PRIORITIES: Final = ["low", "normal", "normal", "normal", "high"]
SATURDAY: Final = 5
STAGES: Final = ["lead"] * 3 + ["prospect"] * 3 + ["customer"] * 5 + ["former"]
SOURCES: Final = ["website", "referral", "trade fair", "phone", "partner"]
MINUTES: Final = {"call": (3, 35), "meeting": (30, 120), "visit": (60, 240)}


def make(setting: Setting) -> Iterator[Sequence[Model]]:
    """Save organizations and people with custom fields, their addresses and relations, and a year of contact."""
    places = [tomllib.loads(path.read_text("utf-8")) for path in sorted(Path(__file__).parent.glob("*.toml"))]
    customers, addresses, local, groups = [], [], {}, []
    for place in places:
        organizations = [organization(setting, place, values) for values in place["organizations"]]
        found = [*organizations, *people(setting, place, organizations)]
        addresses += [address(setting, place, found[number]) for number in range(len(organizations))]
        addresses += [address(setting, place, one) for one in found if is_private(one)]
        customers += found
        groups.append(found)
        local.update({one.pk: place for one in found})
    for customer in customers:
        customer.tags = sorted(setting.random.sample(list(TAGS), setting.random.choice([0, 0, 0, 1, 1, 2])))
    twins = [twin(setting, place, customers) for place in places]
    local.update({one.pk: place for one, place in zip(twins, places, strict=True)})
    customers += twins
    interactions = [interaction(setting, customers, local) for _ in range(INTERACTIONS)]
    interactions.sort(key=lambda one: one.occurred_at)
    yield extras.fields()
    for customer in customers:
        customer.custom = extras.values(setting, customer)
    yield save(Customer, customers)
    yield save(Address, addresses)
    yield save(Interaction, interactions)
    yield save(Relationship, extras.relations(groups))
    yield save(Consent, list(consents(setting, customers)))
    yield list(notes(setting, customers))
    renew_duplicates()
    admin = User.objects.filter(username="admin").first()
    yield save(Task, [task(setting, customers, local, admin) for _ in range(TASKS)])
    yield rules()
    if admin is not None:
        yield SavedView.objects.bulk_create(views(admin, setting.colleagues["Sales Europe"][0]))


def is_private(customer: Customer) -> bool:
    """Tell whether a customer is a person of no organization."""
    return customer.kind == Customer.Kind.PERSON and customer.organization_id is None


def since(setting: Setting) -> datetime:
    """Return a moment of the last year."""
    return setting.now - timedelta(hours=setting.random.randrange(24, DAYS * 24))


def base(setting: Setting, place: dict[str, Any]) -> dict[str, Any]:
    """Return what customers of either kind have."""
    random = setting.random
    moment = since(setting)
    return {
        "created_at": moment,
        "updated_at": moment,
        "owner": random.choice(setting.colleagues[place["team"]]),
        "team": setting.teams[place["team"]],
        "country": place["country"],
        "language": place["language"],
        "time_zone": place["time_zone"],
        "phone": place["phone"].format(n=random.randrange(100)),
        "lifecycle": random.choice(STAGES),
        "source": random.choice(SOURCES),
    }


def organization(setting: Setting, place: dict[str, Any], values: tuple[str, str, str]) -> Customer:
    """Return an organization."""
    name, domain, industry = values
    return Customer(
        **base(setting, place),
        kind=Customer.Kind.ORGANIZATION,
        name=name,
        email=f"info@{domain}.example",
        website=f"https://www.{domain}.example",
        industry=industry,
    )


def people(setting: Setting, place: dict[str, Any], organizations: list[Customer]) -> Iterator[Customer]:
    """Yield the people of the organizations, and some who belong to none."""
    random = setting.random
    employers = [one for one in organizations for _ in range(PEOPLE_PER_ORGANIZATION)] + [None] * PRIVATE_PEOPLE
    names = random.sample(list(product(place["given_names"], place["family_names"])), len(employers))
    for employer, ((given, given_latin), (family, family_latin)) in zip(employers, names, strict=True):
        known = base(setting, place)
        if employer is not None:
            known |= {name: getattr(employer, name) for name in ("owner", "team", "lifecycle", "created_at")}
        yield Customer(
            **known,
            given_name=given,
            family_name=family,
            organization=employer,
            job_title=random.choice(place["job_titles"]) if employer else "",
            email=f"{given_latin}.{family_latin}@{employer.email.split('@')[1] if employer else 'mail.example'}",
        )


def twin(setting: Setting, place: dict[str, Any], customers: list[Customer]) -> Customer:
    """Return an organization of a place once more, as somebody in a hurry entered it."""
    here = [one for one in customers if one.kind == Customer.Kind.ORGANIZATION and one.country == place["country"]]
    known = setting.random.choice(here)
    return Customer(
        **base(setting, place) | {"phone": known.phone, "lifecycle": Customer.Lifecycle.LEAD},
        kind=Customer.Kind.ORGANIZATION,
        name=known.name.upper(),
        email=known.email.replace("info@", "office@"),
    )


def address(setting: Setting, place: dict[str, Any], customer: Customer) -> Address:
    """Return where a customer is."""
    random = setting.random
    postal_code, city, region = random.choice(place["places"])
    return Address(
        customer=customer,
        owner=customer.owner,
        team=customer.team,
        created_at=customer.created_at,
        updated_at=customer.created_at,
        type=Address.Type.HOME if is_private(customer) else Address.Type.OFFICE,
        street=random.choice(place["streets"]).format(n=random.randrange(1, 120)),
        postal_code=postal_code,
        city=city,
        region=region,
        country=place["country"],
        is_primary=True,
    )


def interaction(setting: Setting, customers: list[Customer], local: dict[Any, dict[str, Any]]) -> Interaction:
    """Return one contact with one customer, on a working day there, since the customer was added."""
    random = setting.random
    customer = random.choice(customers)
    place = local[customer.pk]
    kind, direction, subject, body = random.choice(place["interactions"])
    colleague: User = random.choice(setting.colleagues[place["team"]])
    moment = working_hour(setting, customer.created_at, place["time_zone"])
    return Interaction(
        customer=customer,
        owner=colleague,
        team=customer.team,
        user=colleague,
        created_at=moment,
        updated_at=moment,
        kind=kind,
        direction=direction,
        occurred_at=moment,
        duration=60 * random.randrange(*MINUTES[kind]) if kind in MINUTES else None,
        subject=subject,
        body=body,
    )


def task(setting: Setting, customers: list[Customer], local: dict[Any, dict[str, Any]], admin: User | None) -> Task:
    """Return something to do about a customer: late, soon, at some time, or done already."""
    random = setting.random
    customer = random.choice(customers)
    place = local[customer.pk]
    colleagues = [*setting.colleagues[place["team"]], *([admin] if admin else [])]
    colleague: User = random.choice(colleagues)
    moment = setting.now - timedelta(days=random.randrange(4, 20))
    day = setting.now.replace(hour=random.randrange(8, 17)) + timedelta(days=random.randrange(-3, 12))
    is_done, is_dated = random.random() < DONE, random.random() < DATED
    return Task(
        title=random.choice(place["tasks"]),
        about_type=Customer.label(),
        about_id=customer.pk,
        customer=customer.pk,
        owner=colleague,
        assignee=colleague,
        team=customer.team,
        priority=random.choice(PRIORITIES),
        due_at=day if is_dated else None,
        remind_at=day - timedelta(hours=1) if is_dated and day > setting.now else None,
        status=Task.Status.DONE if is_done else Task.Status.OPEN,
        completed_at=setting.now - timedelta(hours=random.randrange(2, 40)) if is_done else None,
        completed_by=colleague if is_done else None,
        created_at=moment,
        updated_at=moment,
    )


def working_hour(setting: Setting, earliest: datetime, time_zone: str) -> datetime:
    """Return a moment between then and now, in office hours of a working day where the customer is."""
    random = setting.random
    moment = earliest + (setting.now - earliest) * random.random()
    local = moment.astimezone(ZoneInfo(time_zone)).replace(hour=random.randrange(9, 17), minute=random.randrange(60))
    local = local.replace(second=0, microsecond=0)
    local -= timedelta(days=max(0, local.weekday() - SATURDAY + 1))
    while local > setting.now:
        local -= timedelta(days=1 if local.weekday() else 3)
    return local


def save[R: Record](model: type[R], rows: Sequence[R]) -> Sequence[R]:
    """Insert rows with the times that they name, which Django would set to now."""
    for row in rows:
        if isinstance(row, Customer):
            row.complete()
    times = {row.pk: row.created_at for row in rows}
    manager = model._default_manager
    manager.bulk_create(rows, batch_size=500)
    for row in rows:
        row.created_at = times[row.pk]
    manager.bulk_update(rows, ["created_at"], batch_size=500)
    return rows
