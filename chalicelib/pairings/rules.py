"""Decisions: whether a pairing code can still be redeemed, and what that writes."""

from chalicelib.api_tokens.model import ApiToken, Credential, PersonTokens
from chalicelib.api_tokens.rules import decide_token_creation
from chalicelib.core.live_access import same_access
from chalicelib.core.write_set import RecordWrite
from chalicelib.pairings.model import Pairing
from chalicelib.people.model import Person, Role


def is_redeemable(
    pairing: Pairing, tokens: PersonTokens, person: Person, maker: Credential | None, now: int
) -> bool:
    """Whether a code can be redeemed at the timestamp ``now``.

    :param tokens: of the person. Only their last code is valid, and only until it is redeemed, or
        the person is deactivated or gets another role.
    :param maker: the token that created the code, as it is stored; None: it does not exist.
    """
    return (
        pairing.expires_at > now
        and tokens.pairing_digest == pairing.digest
        and person.deactivated_at is None
        and _maker_may(pairing, maker, now)
    )


def decide_redemption(
    person: Person, tokens: PersonTokens, maker: Credential | None, api_token: ApiToken
) -> tuple[RecordWrite, ...]:
    """Add the token to the person, and close the code. Both happen once: the tokens are unchanged.

    Requires that the token of the maker still gives the access that was checked. Raises
    ``InvalidAttribute`` if the person has the maximum number of tokens.
    """
    records = decide_token_creation(person, tokens, api_token, closes_pairing=True)
    return records if maker is None else (*records, same_access(maker))


def _maker_may(pairing: Pairing, maker: Credential | None, now: int) -> bool:
    if pairing.maker_digest is None:
        return True
    if maker is None or maker.expired(now):
        return False
    return maker.person_id == pairing.person_id or maker.role is Role.ADMIN
