"""Who may be posted to, by whatever spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.receivers import BadUrl, Target, is_public, read_url

PRIVATE = [
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "not an address",
    "",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_nobody_outside_may_reach_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450::1"])
def test_what_anybody_may_reach_is_not(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_gets_in_as_ipv6(address: object) -> None:
    packed = f"{int(address):08x}"  # type: ignore[call-overload]
    tail = f"{packed[:4]}:{packed[4:]}"
    for spelled in (f"::{tail}", f"::ffff:{tail}", f"64:ff9b::{tail}", f"2002:{tail}::"):
        assert not is_public(spelled)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://hooks.example.com", Target(True, "hooks.example.com", 443, "/")),
        ("https://Hooks.Example.com./a?b=c", Target(True, "hooks.example.com", 443, "/a?b=c")),
        ("https://hooks.example.com:8443/x", Target(True, "hooks.example.com", 8443, "/x")),
        ("https://8.8.8.8/", Target(True, "8.8.8.8", 443, "/")),
        ("https://[2606:4700::1111]:8443/", Target(True, "2606:4700::1111", 8443, "/")),
    ],
)
def test_a_public_receiver_is_taken(url: str, target: Target) -> None:
    assert read_url(url) == target


def test_the_host_header_is_what_the_url_says() -> None:
    assert read_url("https://hooks.example.com:443/").authority == "hooks.example.com"
    assert read_url("https://hooks.example.com:8443/").authority == "hooks.example.com:8443"
    assert read_url("https://[2606:4700::1111]:8443/").authority == "[2606:4700::1111]:8443"
    assert read_url("http://localhost:80/", local=True).authority == "localhost"


BAD = [
    "",
    "hooks.example.com",
    "http://hooks.example.com",
    "ftp://hooks.example.com",
    "file:///etc/passwd",
    "https://",
    "https:///path",
    "https://localhost/",
    "https://user@hooks.example.com/",
    "https://user:word@hooks.example.com/",
    "https://@hooks.example.com/",
    "https://hooks.example.com\\@evil.example/",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:x/",
    "https://hooks.example.com/#part",
    "https://hooks.example.com/#",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\r\nX-Injected: 1",
    "https://hooks.exämple.com/",
    "https://hooks..example.com/",
    "https://hooks.ex%61mple.com/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://0x7f.0.0.1/",
    "https://0x7f000001/",
    "https://127.0.0.1./",
    "https://8.8.8.8.8/",
    "https://010.8.8.8/",
    "https://evil.example.0x7f/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    "https://[v1.x]/",
    "https://hooks.example.com/" + "x" * 2000,
]


@pytest.mark.parametrize("url", BAD)
def test_any_other_is_refused(url: str) -> None:
    with pytest.raises(BadUrl):
        read_url(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/hook", "http://localhost/", "https://a/"])
def test_for_development_this_machine_will_do(url: str) -> None:
    with pytest.raises(BadUrl):
        read_url(url)
    assert read_url(url, local=True).path


@given(st.text(max_size=40))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://a.example{text}"):
        try:
            target = read_url(url)
        except BadUrl:
            continue
        assert target.is_secure
        assert "." in target.host or ":" in target.host
