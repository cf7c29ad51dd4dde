"""Example records, and sample requests for the routes of live updates."""

from chalicelib.live.model import LiveConnection, LiveConnections, LiveTicket
from tests.support.samples import Sample

RECORDS = (
    LiveTicket("a" * 64, 6, 2149, 8784, 60, 120),
    LiveConnections(2149, 8784, (), 7260),
    LiveConnections(
        2149,
        8779,
        (LiveConnection(7260, "dE_sdaXGoAMCEYQ="), LiveConnection(7300, "f#g")),
        7300,
    ),
)

SAMPLES = {"create_live_ticket": Sample(attributes={})}
