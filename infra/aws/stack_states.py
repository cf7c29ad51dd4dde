"""The states of a stack: what each allows, and what an operator does about the others."""

EMPTY = "REVIEW_IN_PROGRESS"
"""A stack without resources: its first change set was never executed."""

NEVER_CREATED = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
"""The first creation failed. CloudFormation can only delete such a stack."""

_ADVICE = {
    "DELETE_FAILED": (
        "a part of it could not be deleted. Delete the rest with `make destroy` (it prints the "
        "reason if it fails again), then deploy"
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "an update failed, and its rollback too. Correct what the stack's last events name, run "
        "`aws cloudformation continue-update-rollback --stack-name {name}`, then deploy"
    ),
    "UPDATE_FAILED": (
        "an update failed and was not rolled back. Run "
        "`aws cloudformation rollback-stack --stack-name {name}`, then deploy"
    ),
}
_OTHER_FAILURE = "correct what the stack's last events name (docs/operations.md), then deploy"
_BUSY = (
    "another deployment or deletion of it is running, or one that was interrupted. "
    "Wait until it ends (minutes), then run the same command again"
)


def is_busy(status: str) -> bool:
    """Return whether CloudFormation is working on the stack."""
    return status.endswith("_IN_PROGRESS") and status != EMPTY


def busy(name: str, status: str) -> str:
    """Return the sentence for a stack that CloudFormation is working on."""
    return f"{name} is in state {status}: {_BUSY}."


def why_not_deployable(name: str, status: str) -> str | None:
    """Return why a stack in this state cannot be updated, and what to do; None if it can be."""
    if is_busy(status):
        return busy(name, status)
    if status.endswith("_FAILED") and status not in NEVER_CREATED:
        advice = _ADVICE.get(status, _OTHER_FAILURE).format(name=name)
        return f"{name} is in state {status}: {advice}."
    return None
