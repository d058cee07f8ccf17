"""A webhook leads to the open internet, and nowhere near the shop's own network: at saving and at each post."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.utils import timezone

from api.webhooks import collect, destination, hooks, names, send
from api.webhooks.models import Delivery, Try, Webhook
from orders import submit
from tests.api.webhooks import receiver

__all__ = ["receiver"]

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "168.63.129.16",
    "100.64.0.1",
    "100.127.255.254",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:93.184.216.34",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
    "5f00::1",
]
PUBLIC = ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:800::200e"]


def resolving(monkeypatch, *rounds):
    """The resolver answers with these addresses, round by round, the last one for ever; returns who asked."""
    asked = []

    def getaddrinfo(host, port, *args, **kwargs):
        answer = rounds[min(len(asked), len(rounds) - 1)]
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in answer
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused_as_a_name_and_as_itself(address, monkeypatch):
    assert not destination.is_public(address)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(destination.Forbidden):
        destination.checked(f"https://{host}/hooks")
    resolving(monkeypatch, [address])
    with pytest.raises(destination.Forbidden):
        destination.checked("https://innocent.example/hooks")
    with pytest.raises(destination.Forbidden):
        destination.post("https://innocent.example/hooks", body=b"{}", headers={})


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_taken(address, monkeypatch):
    assert destination.is_public(address)
    resolving(monkeypatch, [address])
    assert destination.checked("https://innocent.example/hooks") == "https://innocent.example/hooks"


@pytest.mark.parametrize(
    "host", ["localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "[::ffff:7f00:1]"]
)
def test_other_ways_to_write_a_private_address_are_refused(host):
    with pytest.raises(destination.Forbidden):
        destination.checked(f"https://{host}/")


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    resolving(monkeypatch, ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(destination.Forbidden):
        destination.checked("https://innocent.example/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks",
        "example.com/hooks",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "https://",
        "https:///hooks",
        "http://innocent.example/",
        "https://user:pass@innocent.example/",
        "https://innocent.example/#part",
        "https://innocent.example:22/",
        "https://innocent.example:25/",
        "https://innocent.example:99999/",
        "https://innocent.example:80443/",
        "https://innocent.example/" + "x" * 500,
        "https://[fe80::1%25eth0]/",
    ],
)
def test_an_address_that_is_not_as_it_should_be_is_refused(url, monkeypatch):
    resolving(monkeypatch, ["93.184.216.34"])
    with pytest.raises(destination.Forbidden):
        destination.checked(url)


@pytest.mark.parametrize("port", ["", ":443", ":80", ":1024", ":8443"])
def test_ordinary_ports_are_taken(port, monkeypatch):
    resolving(monkeypatch, ["93.184.216.34"])
    assert destination.checked(f"https://innocent.example{port}/")


def test_plain_http_is_for_development_only(monkeypatch, settings):
    resolving(monkeypatch, ["93.184.216.34"])
    settings.DEBUG = True
    assert destination.checked("http://innocent.example/")
    settings.DEBUG = False
    with pytest.raises(destination.Forbidden):
        destination.post("http://innocent.example/", body=b"", headers={})


def test_a_host_that_can_not_be_one_is_refused():
    with pytest.raises(destination.Forbidden):
        destination.checked("https://a..b/")


def test_a_host_that_is_not_found_is_refused(monkeypatch):
    def getaddrinfo(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(destination.Forbidden):
        destination.checked("https://innocent.example/")


def test_not_all_threads_wait_for_a_silent_resolver(monkeypatch):
    asked, go_on = threading.Semaphore(0), threading.Event()

    def getaddrinfo(host, port, *args, **kwargs):
        asked.release()
        go_on.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with ThreadPoolExecutor(destination.LOOKING) as pool:
        waiting = [pool.submit(destination.checked, "https://slow.example/") for _ in range(destination.LOOKING)]
        for _ in waiting:
            assert asked.acquire(timeout=10)
        with pytest.raises(destination.Forbidden, match="try again"):
            destination.checked("https://innocent.example/")
        go_on.set()
        assert [each.result() for each in waiting] == ["https://slow.example/"] * destination.LOOKING
    assert destination.checked("https://innocent.example/")


def test_private_addresses_are_refused_unless_a_setting_says_otherwise(settings):
    assert settings.WEBHOOK_ALLOW_PRIVATE is False


# ── At the time of the post ────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
class TestRebinding:
    def test_a_name_that_turns_private_after_it_was_saved_is_not_posted_to(
        self, customer, placed, receiver, settings, monkeypatch
    ):
        collect.collect(now=timezone.now())
        order = placed(1)
        submit.submit(order_id=order.pk)
        settings.WEBHOOK_ALLOW_PRIVATE = False
        settings.DEBUG = True
        asked = resolving(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
        url = f"http://innocent.example:{receiver.server_port}/hooks"
        hook = hooks.make(customer=customer, url=url, events=names.ALL, now=timezone.now())
        Webhook.objects.update(active_since=order.placed_at)
        collect.collect(now=timezone.now())
        assert send.send_due() == 1
        assert asked == ["innocent.example"] * 2
        assert receiver.got == []
        tried = Try.objects.get()
        assert (tried.status, tried.error) == (None, "This host is in a private network.")
        assert Delivery.objects.get().state == "PENDING"
        assert hook.url == url

    def test_the_address_that_was_checked_is_the_one_that_is_connected_to(self, receiver, monkeypatch):
        """Asked once for a post: a second answer would be a second chance to lie."""
        asked = resolving(monkeypatch, ["127.0.0.1"], ["203.0.113.9"])
        url = f"http://innocent.example:{receiver.server_port}/hooks"
        assert destination.post(url, body=b"{}", headers={}) == 204
        assert asked == ["innocent.example"]
        assert receiver.got[0].headers["Host"] == f"innocent.example:{receiver.server_port}"


def test_of_a_host_with_several_addresses_one_may_be_away(receiver, monkeypatch):
    resolving(monkeypatch, ["127.0.0.9", "127.0.0.1"])
    url = f"http://two.example:{receiver.server_port}/hooks"
    assert destination.post(url, body=b"{}", headers={}) == 204
    resolving(monkeypatch, ["127.0.0.9", "127.0.0.8"])
    with pytest.raises(requests.ConnectionError):
        destination.post(url, body=b"{}", headers={})


def test_no_proxy_of_the_environment_is_used(receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert destination.post(receiver.url, body=b"{}", headers={}) == 204


def test_no_password_of_the_environment_is_sent(receiver, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    destination.post(receiver.url, body=b"{}", headers={})
    assert receiver.got[0].headers["Authorization"] is None


@pytest.mark.parametrize("status", [200, 302])
def test_a_body_without_end_is_not_read(receiver, status):
    written = []

    def answer(request):
        request.send_response(status)
        request.send_header("Location", "/elsewhere")
        request.send_header("Content-Length", str(10**12))
        request.end_headers()
        try:
            while len(written) < 10_000:
                request.wfile.write(b"x" * 65_536)
                written.append(1)
        except OSError:
            pass

    receiver.answer = answer
    began = time.monotonic()
    assert destination.post(receiver.url, body=b"{}", headers={}) == status
    assert time.monotonic() - began < 5
    time.sleep(0.3)
    # What the sockets' own buffers took, and no more.
    assert len(written) < 500


def test_a_receiver_that_drips_is_cut_off(receiver, monkeypatch):
    monkeypatch.setattr(destination, "TIMEOUT", 0.6)

    def answer(request):
        try:
            request.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for number in range(100):
                request.wfile.write(f"X-{number}: y\r\n".encode())
                request.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass

    receiver.answer = answer
    began = time.monotonic()
    with pytest.raises(requests.RequestException):
        destination.post(receiver.url, body=b"{}", headers={})
    assert time.monotonic() - began < 3


def test_a_receiver_that_is_silent_is_left(receiver, monkeypatch):
    monkeypatch.setattr(destination, "TIMEOUT", 0.4)
    receiver.answer = lambda request: time.sleep(2)
    with pytest.raises(requests.RequestException):
        destination.post(receiver.url, body=b"{}", headers={})


def test_tls_checks_the_certificate_against_the_name(settings, monkeypatch, tmp_path):
    """A server whose certificate nobody vouches for gets nothing."""
    import datetime
    import ssl
    import threading

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from tests.api.webhooks import Receiver

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "innocent.example")])
    moment = datetime.datetime.now(datetime.UTC)

    def certificate(host):
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(moment - timedelta(days=1))
            .not_valid_after(moment + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )

    timedelta = datetime.timedelta
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    settings.WEBHOOK_ALLOW_PRIVATE = True
    resolving(monkeypatch, ["127.0.0.1"])

    def serve(host):
        pem = tmp_path / f"{host}.pem"
        pem.write_bytes(certificate(host) + secret)
        server = Receiver()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server, pem

    right, vouched = serve("innocent.example")
    wrong, _pem = serve("other.example")
    with right, wrong:
        for server in (right, wrong):
            with pytest.raises(requests.exceptions.SSLError):
                destination.post(f"https://innocent.example:{server.server_port}/", body=b"{}", headers={})
        # Somebody vouches for it: then the name decides.
        both = tmp_path / "both.pem"
        both.write_bytes(certificate("innocent.example") + certificate("other.example"))
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(both))
        assert vouched.exists()
        both.write_bytes(vouched.read_bytes() + _pem.read_bytes())
        assert destination.post(f"https://innocent.example:{right.server_port}/", body=b"{}", headers={}) == 204
        with pytest.raises(requests.exceptions.SSLError):
            destination.post(f"https://innocent.example:{wrong.server_port}/", body=b"{}", headers={})
        right.shutdown()
        wrong.shutdown()
    assert len(right.got) == 1
    assert wrong.got == []
