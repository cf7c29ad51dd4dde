"""What an upgrade did, or would do in a dry run."""

from msgspec import Struct, field


class CorrectedTime(Struct, frozen=True):
    """A time entry that had lost minutes of its manually set time: the minutes before and after."""

    organization_id: int
    person_id: int
    entry_id: int
    before: int
    after: int


class UpgradeReport(Struct):
    """What was upgraded; in a dry run, what would be.

    :param people: whose days now list all sessions.
    :param sessions: sessions that were listed.
    :param days: items of days that were written.
    :param entries: time entries that were written.
    :param sums: people whose sums of time entries were filled.
    :param revisions: revisions that were copied.
    :param services: services that were added to the list of their organization, or removed.
    :param access_records: owners of tokens and active admins that were recorded.
    :param indexed_organizations: organizations that now have all of these records.
    :param erased: people whose data version 0.2.0 erased, and who were marked.
    :param corrected: the entries whose time changed.
    :param problems: what could not be upgraded, and why.
    """

    people: int = 0
    sessions: int = 0
    days: int = 0
    entries: int = 0
    sums: int = 0
    revisions: int = 0
    services: int = 0
    access_records: int = 0
    indexed_organizations: int = 0
    erased: int = 0
    corrected: list[CorrectedTime] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to upgrade."""
        written = (self.people, self.entries, self.revisions, self.services, self.access_records)
        marked = (self.indexed_organizations, self.erased, self.sums)
        return not (any(written) or any(marked) or self.problems)
