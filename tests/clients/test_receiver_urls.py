"""Tests of webhook URLs: only public addresses are accepted, in any spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.clients.receiver_urls import InvalidReceiverUrl, Target, is_public, read_url

NON_PUBLIC_ADDRESSES = [
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


@pytest.mark.parametrize("address", NON_PUBLIC_ADDRESSES)
def test_non_public_address_is_rejected(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450::1"])
def test_public_address_is_accepted(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_ipv4_address_embedded_in_ipv6_is_rejected(address: object) -> None:
    hex_address = f"{int(address):08x}"  # type: ignore[call-overload]
    tail = f"{hex_address[:4]}:{hex_address[4:]}"
    for ipv6_address in (f"::{tail}", f"::ffff:{tail}", f"64:ff9b::{tail}", f"2002:{tail}::"):
        assert not is_public(ipv6_address)


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
def test_public_url_is_accepted(url: str, target: Target) -> None:
    assert read_url(url) == target


def test_host_header_contains_host_and_nondefault_port() -> None:
    assert read_url("https://hooks.example.com:443/").authority == "hooks.example.com"
    assert read_url("https://hooks.example.com:8443/").authority == "hooks.example.com:8443"
    assert read_url("https://[2606:4700::1111]:8443/").authority == "[2606:4700::1111]:8443"
    assert read_url("http://localhost:80/", local=True).authority == "localhost"


INVALID_URLS = [
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


@pytest.mark.parametrize("url", INVALID_URLS)
def test_invalid_url_is_rejected(url: str) -> None:
    with pytest.raises(InvalidReceiverUrl):
        read_url(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/hook", "http://localhost/", "https://a/"])
def test_local_url_is_accepted_only_in_local_mode(url: str) -> None:
    with pytest.raises(InvalidReceiverUrl):
        read_url(url)
    assert read_url(url, local=True).path


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_rejected(text: str) -> None:
    for url in (text, f"https://{text}", f"https://a.example{text}"):
        try:
            target = read_url(url)
        except InvalidReceiverUrl:
            continue
        assert target.is_secure
        assert "." in target.host or ":" in target.host
