"""Example records, and sample requests for the routes of pairings."""

from chalicelib.pairings.model import Pairing
from tests.support.samples import Sample

RECORDS = (
    Pairing("e" * 64, 5, 2149, 8784, "phone", 60, 960),
    Pairing("e" * 64, 5, 2149, 8779, "téléphone", 60, 960, "d" * 64),
)

SAMPLES = {
    "create_pairing": Sample(attributes={"name": "New"}),
    "redeem_pairing": Sample(attributes={"code": "7K3M-Q9XA-04TP"}),
}
