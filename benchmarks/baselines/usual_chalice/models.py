"""One table for everything, with two indexes of timers."""

from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

TABLE = "usual"


class ByOrganization(GlobalSecondaryIndex[Any]):
    """An organization's timers by start."""

    class Meta:
        index_name = "by_organization"
        projection = AllProjection()

    organization = UnicodeAttribute(hash_key=True)
    started = NumberAttribute(range_key=True)


class ByPerson(GlobalSecondaryIndex[Any]):
    """A person's timers by start."""

    class Meta:
        index_name = "by_person"
        projection = AllProjection()

    person = UnicodeAttribute(hash_key=True)
    started = NumberAttribute(range_key=True)


class _Meta:
    table_name = TABLE
    region = "eu-central-1"
    billing_mode = "PAY_PER_REQUEST"
    host: str | None = None


class Timer(Model):
    """A timer."""

    class Meta(_Meta):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    organization = UnicodeAttribute()
    person = UnicodeAttribute()
    entry = UnicodeAttribute()
    started = NumberAttribute()
    stopped = NumberAttribute(null=True)
    by_organization = ByOrganization()
    by_person = ByPerson()


class Entry(Model):
    """A time entry."""

    class Meta(_Meta):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    owner = UnicodeAttribute()
    seconds = NumberAttribute(default=0)


class Token(Model):
    """An API token."""

    class Meta(_Meta):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    organization = UnicodeAttribute()
    person = UnicodeAttribute()
    role = UnicodeAttribute()


class Organization(Model):
    """An organization."""

    class Meta(_Meta):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    time_zone = UnicodeAttribute()


MODELS: tuple[type[Model], ...] = (Timer, Entry, Token, Organization)
