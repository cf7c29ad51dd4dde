"""Webhook signatures: the example of the scheme and a manual computation."""

import base64
import hashlib
import hmac

from chalicelib.clients.webhook_signatures import signed_headers

# The example in the tests of the Standard Webhooks libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1_614_265_330
BODY = '{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_signature_equals_the_example_of_the_scheme() -> None:
    assert signed_headers(EVENT_ID, BODY, [SECRET], TIMESTAMP) == {
        "webhook-id": EVENT_ID,
        "webhook-timestamp": str(TIMESTAMP),
        "webhook-signature": SIGNATURE,
    }


def test_signature_equals_a_manual_computation() -> None:
    body = '{"note": "čekić"}'
    headers = signed_headers("evt_1", body, [SECRET], TIMESTAMP)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = b"evt_1.%d.%s" % (TIMESTAMP, body.encode())
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_each_secret_has_a_signature_with_the_newest_first() -> None:
    other = "whsec_" + base64.b64encode(b"another secret of many bytes").decode()
    signatures = signed_headers(EVENT_ID, BODY, [other, SECRET], TIMESTAMP)["webhook-signature"]
    (newest_signature,) = signed_headers(EVENT_ID, BODY, [other], TIMESTAMP)[
        "webhook-signature"
    ].split(" ")
    assert signatures == f"{newest_signature} {SIGNATURE}"
