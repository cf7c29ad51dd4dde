"""Who sees admin revisions. They are listed as other revisions are: ``revisions/operations.py``."""

from chalicelib.admin_revisions.model import AdminRevision
from chalicelib.core.permissions import ViewPolicy, Visibility

VIEW_ADMIN_REVISION: ViewPolicy[AdminRevision] = ViewPolicy(
    Visibility.ADMINS, lambda revision: revision.person_id
)
