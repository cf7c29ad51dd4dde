"""Signatures, by the scheme's own example and by hand."""

import base64
import hashlib
import hmac

from chalicelib.outbound.signing import signed_headers

# The example that the scheme's libraries test themselves by.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
MOMENT = 1_614_265_330
BODY = '{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_schemes_own_example() -> None:
    assert signed_headers(EVENT_ID, BODY, [SECRET], MOMENT) == {
        "webhook-id": EVENT_ID,
        "webhook-timestamp": str(MOMENT),
        "webhook-signature": SIGNATURE,
    }


def test_it_is_what_a_receiver_computes_by_hand() -> None:
    body = '{"note": "čekić"}'
    headers = signed_headers("evt_1", body, [SECRET], MOMENT)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = b"evt_1.%d.%s" % (MOMENT, body.encode())
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_each_secret_has_a_signature_the_newest_first() -> None:
    other = "whsec_" + base64.b64encode(b"another secret of many bytes").decode()
    both = signed_headers(EVENT_ID, BODY, [other, SECRET], MOMENT)["webhook-signature"]
    (alone,) = signed_headers(EVENT_ID, BODY, [other], MOMENT)["webhook-signature"].split(" ")
    assert both == f"{alone} {SIGNATURE}"
