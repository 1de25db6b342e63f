"""Every way in which a store refuses a request has a reason of ours, in words that a user can act on."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from obstore.exceptions import GenericError

from tests.clouds.scripted import Answer, Scripted, scripted
from tests.clouds.servers import ACCOUNT_KEY, SECRET
from traits_sandbox.bulk.storage.cloud_errors import reason_of
from traits_sandbox.bulk.storage.cloud_reasons import CODES, STATUSES, CloudReason
from traits_sandbox.bulk.storage.protocol import StorageAction
from traits_sandbox.bulk.storage.sources import ObjectError, StorageError
from traits_sandbox.bulk.values import Stored

STORED = Stored(key="purchases/NoSuchBucket certificate TimedOut.ndjson", size=10)
# Retried by the client, so slower.
RETRIED = (408, 429, 500, 503, 504)
LIBRARY_WORDS = ("Generic", "Error", "error performing", "non-2xx", "source", "Some(", SECRET, ACCOUNT_KEY, "sig=")


@pytest.fixture(scope="module")
def server() -> Iterator[Scripted]:
    with scripted() as script:
        yield script


def listed(server: Scripted, scheme: str) -> str:
    with pytest.raises(StorageError) as raised:
        list(server.source(scheme).files())
    return checked(str(raised.value))


def read(server: Scripted, scheme: str) -> str:
    with pytest.raises(StorageError) as raised:
        server.source(scheme).read(STORED, 0, 10)
    return checked(str(raised.value))


def checked(message: str) -> str:
    for word in LIBRARY_WORDS:
        assert word not in message
    return message


def xml(code: str, message: str = "") -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message} {SECRET}</Message></Error>".encode()


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_a_server_has_its_reason(server: Scripted, code: str) -> None:
    for body in (xml(code), f'{{"error": "{code}", "error_description": "{SECRET}"}}'.encode()):
        server.answer = Answer(403, body)
        assert f"({CODES[code]})" in listed(server, "s3")


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
@pytest.mark.parametrize("status", [status for status in (*STATUSES, 400, 405, 409) if status not in RETRIED])
def test_every_status_without_a_code_has_a_reason(server: Scripted, status: int, scheme: str) -> None:
    server.answer = Answer(status, b"<html>a gateway</html>")
    assert f"({STATUSES.get(status, f'the server answers {status}')})" in listed(server, scheme)


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_without_a_target_means_another_region(server: Scripted, status: int, scheme: str) -> None:
    server.answer = Answer(status, xml("PermanentRedirect"))
    assert "(the bucket is in another region)" in listed(server, scheme)


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_a_missing_permission_to_list_and_to_read_are_told_apart(server: Scripted, scheme: str) -> None:
    server.answer = Answer(403, xml("AccessDenied"))
    assert "need the permission to list" in listed(server, scheme)
    assert "need the permission to read" in read(server, scheme)


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("AuthenticationFailed", "Signature not valid in the specified time frame", CloudReason.EXPIRED_SAS),
        ("AuthenticationFailed", "Signature fields not well formed.", CloudReason.BAD_SAS),
        ("AuthenticationFailed", "Request date header too old", CloudReason.WRONG_CLOCK),
        ("AuthenticationFailed", "The MAC signature found in the HTTP request", CloudReason.WRONG_ACCOUNT_KEY),
        ("AuthenticationFailed", "something new", CloudReason.WRONG_CREDENTIALS),
    ],
)
def test_causes_behind_one_code_of_azure_are_told_apart(
    server: Scripted, code: str, message: str, reason: CloudReason
) -> None:
    server.answer = Answer(403, xml(code, message))
    assert f"({reason})" in listed(server, "az")


@pytest.mark.parametrize(
    ("scheme", "status", "code", "reason"),
    [
        ("s3", 403, "InvalidObjectState", CloudReason.ARCHIVED),
        ("az", 409, "BlobArchived", CloudReason.ARCHIVED),
        ("az", 409, "BlobBeingRehydrated", CloudReason.ARCHIVED),
        ("s3", 400, "KMS.DisabledException", CloudReason.ENCRYPTED),
        ("gs", 400, "ResourceIsEncryptedWithCustomerEncryptionKey", CloudReason.ENCRYPTED),
    ],
)
def test_what_is_wrong_with_one_object_is_not_called_a_missing_connection(
    server: Scripted, scheme: str, status: int, code: str, reason: CloudReason
) -> None:
    server.answer = Answer(status, xml(code))
    with pytest.raises(ObjectError) as raised:
        server.source(scheme).read(STORED, 0, 10)
    assert str(raised.value) == f"it cannot be read ({reason})"


@pytest.mark.parametrize("scheme", ["s3", "az"])
def test_a_server_that_is_no_store_is_named_as_such(server: Scripted, scheme: str) -> None:
    server.answer = Answer(200, b"nonsense")
    assert "does not answer as a storage does" in listed(server, scheme)


def test_a_store_with_its_own_ca_is_trusted_if_its_certificate_is_given(tmp_path: Path) -> None:
    authority, ca_file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with scripted(tls) as server:
        server.store({"logins/a.ndjson": b"{}"})
        assert f"({CloudReason.UNTRUSTED})" in listed(server, "s3")
        assert [stored.key for stored in server.source("s3", ca_file=str(ca_file)).files()] == ["logins/a.ndjson"]
        server.store({"logins/a.ndjson": b"{}", "logins//b.ndjson": b"{}"})
        keys = [stored.key for stored in server.source("s3", ca_file=str(ca_file)).files()]
        assert keys == ["logins//b.ndjson", "logins/a.ndjson"]


def test_a_key_is_never_read_as_a_reason(server: Scripted) -> None:
    server.answer = Answer(418, b"")
    assert "(the server answers 418)" in read(server, "s3")


def test_an_unknown_error_has_a_reason_of_ours() -> None:
    for action in StorageAction:
        assert reason_of(GenericError(f"something new about {SECRET}"), action) == CloudReason.UNKNOWN
