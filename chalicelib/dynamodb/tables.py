"""The tables that several slices share.

Each slice declares its own tables in its ``repository.py``; ``chalicelib.registry`` lists all
tables. ``Meta.bare_name`` is a table's name without the prefix of the stage, which
``dynamodb/connection.py`` adds.
"""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE
from pynamodb.indexes import AllProjection
from pynamodb.models import Model

from chalicelib.dynamodb.items import IntegerAttribute


class IndexMeta:
    """Settings of every index."""

    # The index has all attributes, so that a page of a list needs no second read.
    projection = AllProjection()


class DirectoryModel(Model):
    """The directory table. Its key is the organization, then the kind and the id of the record."""

    class Meta:
        bare_name = "directory"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    organization_key = UnicodeAttribute(hash_key=True)
    record_key = UnicodeAttribute(range_key=True)
    id = IntegerAttribute()
