"""What stint does with the names of Productive that no resource declares. Contract section 10.

A filter that is neither here nor in a resource's declaration is null in every record.
"""

from collections.abc import Mapping

from chalicelib.productive.model import FilterRule, Matches

_UNINVOICED = 1
_UNAPPROVED = 2
_OPEN = 1
_BUDGET = 2
_CLIENT_PROJECT = 2
_HOURS = 1
_USER = 1

_OF_TIME_ENTRIES: Mapping[str, FilterRule] = {
    "approved": False,
    "autotracked": False,
    "draft": False,
    "intercompany_hours": False,
    "invoiced": False,
    "invoicing_status": _UNINVOICED,
    "overhead": False,
    "project_type_id": _CLIENT_PROJECT,
    "rejected": False,
    "stage_type": _BUDGET,
    "status": _UNAPPROVED,
    "submitted": False,
    "unit_id": _HOURS,
}

FILTER_RULES: Mapping[str, Mapping[str, FilterRule]] = {
    "time_entries": _OF_TIME_ENTRIES,
    "time_entry_reports": _OF_TIME_ENTRIES,
    "time_reports": {
        "future": False,
        "person_type": _USER,
        "project_type": _CLIENT_PROJECT,
        "stage_type": _BUDGET,
    },
    "services": {
        "after": Matches.ALL,
        "before": Matches.ALL,
        "booking_tracking_enabled": False,
        "budget_cap_enabled": False,
        "budget_date": Matches.ALL,
        "budget_status": _OPEN,
        "budgets_and_deals": Matches.ALL,
        "expense_tracking_enabled": False,
        "explicit_access": Matches.ALL,
        "for_tracking": Matches.ALL,
        "limitation_type": "no_limitation",
        "person_id": Matches.ALL,
        "project_type": _CLIENT_PROJECT,
        "projectless_budgets": Matches.ALL,
        "revamped_unit": _HOURS,
        "stage_type": _BUDGET,
        "template": False,
        "trackable_by_person_id": Matches.ALL,
        "type": _BUDGET,
        "unit": _HOURS,
        "with_memberships": Matches.ALL,
    },
    "people": {
        "agent": False,
        "autotracking": False,
        "offboarding_status": "not_initiated",
        "service_id": Matches.ALL,
        "two_factor_auth": False,
        "virtual": False,
    },
}
"""How undeclared filters match, by collection and name."""

REFUSED_FILTERS: Mapping[str, frozenset[str]] = {
    "time_entry_reports": frozenset(
        (
            "billable_time",
            "billing_type_id",
            "created_after",
            "created_at",
            "created_before",
            "creator_id",
            "id",
            "last_activity_at",
            "note",
            "query",
            "role_id",
            "time",
            "track_method_id",
            "updated_at",
        )
    ),
    "time_reports": frozenset(
        ("billing_type", "day", "month", "quarter", "role_id", "role_type", "week", "year")
    ),
}
"""Filters of values that stint has, and its sums do not: they are errors. By type.

To match nothing, as filters of values that stint lacks, would be wrong."""

RELATIONSHIPS: Mapping[str, Mapping[str, str]] = {
    "companies": {"organization": "organizations", "parent_company": "companies"},
    "deals": {
        "company": "companies",
        "contract": "contracts",
        "creator": "people",
        "deal_status": "deal_statuses",
        "organization": "organizations",
        "pipeline": "pipelines",
        "project": "projects",
        "responsible": "people",
        "subsidiary": "subsidiaries",
    },
    "projects": {
        "company": "companies",
        "organization": "organizations",
        "project_manager": "people",
        "workflow": "workflows",
    },
    "sections": {"deal": "deals", "organization": "organizations"},
    "service_types": {"assignees": "people", "organization": "organizations"},
    "services": {"person": "people"},
    "tasks": {
        "assignee": "people",
        "creator": "people",
        "organization": "organizations",
        "parent_task": "tasks",
        "project": "projects",
        "service": "services",
        "task_list": "task_lists",
        "workflow_status": "workflow_statuses",
    },
    "teams": {"members": "people", "organization": "organizations"},
}
"""Relationships that clients include, besides those that Productive publishes. By type and name."""

CODES: Mapping[str, str] = {
    "access_denied": "other",
    "conflict": "other",
    "id_conflict": "other",
    "idempotency_key_reused": "other",
    "invalid_attribute": "same",
    "invalid_auth_token": "same",
    "invalid_header": "other",
    "invalid_parameter": "other",
    "keyset_conflict": "same",
    "keyset_invalid_cursor": "same",
    "live_unavailable": "other",
    "malformed_document": "other",
    "method_not_allowed": "other",
    "no_organization_id": "same",
    "not_acceptable": "other",
    "overlaps_session": "other",
    "payload_too_large": "other",
    "period_closed": "other",
    "precondition_failed": "other",
    "query_too_broad": "other",
    "rate_limited": "other",
    "record_not_found": "same",
    "route_not_found": "other",
    "server_error": "other",
    "sort_param_unsupported": "same",
    "timers_running": "other",
    "type_conflict": "other",
    "unavailable": "other",
    "unsupported_filter": "same",
    "unsupported_filter_operation": "same",
    "unsupported_filter_value_type": "same",
    "unsupported_include": "other",
    "unsupported_media_type": "other",
}
"""Error codes: ``same`` where the documentation or recordings of Productive have the code too."""
