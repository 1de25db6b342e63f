"""The spellings of storage URIs: which cloud and which bucket each one names, or what to write instead."""

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from traits_sandbox.errors import UsageError

CloudName = Literal["s3", "gs", "az"]

SCHEMES: Final[dict[str, CloudName]] = {
    "s3": "s3",
    "s3a": "s3",
    "s3n": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "az",
    "azure": "az",
    "abfs": "az",
    "abfss": "az",
    "wasb": "az",
    "wasbs": "az",
}
"""The schemes of each cloud; the first one of a cloud is the usual one."""

_BUCKETS: Final = {"s3": "s3://bucket", "gs": "gs://bucket", "az": "az://container"}
BUCKETS: Final = "{}, {} or {}".format(*_BUCKETS.values())
STORAGES: Final = f"a folder, file://, {BUCKETS}"
"""What a storage is, for help texts and messages."""

_COMPATIBLE: Final = "for a server that speaks the protocol of S3, write s3://bucket with its URL as --endpoint-url"
INSTEAD: Final = {
    "http": _COMPATIBLE,
    "https": f"{_COMPATIBLE}; URLs of S3, Google Cloud Storage and Azure Blob Storage are accepted too",
    "minio": _COMPATIBLE,
    "r2": _COMPATIBLE,
    "b2": _COMPATIBLE,
    "oss": _COMPATIBLE,
    "cos": _COMPATIBLE,
    "cosn": _COMPATIBLE,
    "obs": _COMPATIBLE,
    "swift": _COMPATIBLE,
    "arn": "write s3://bucket/prefix",
    "adl": "Azure Data Lake Storage Gen1 was retired; for Gen2 write abfss://container@account.dfs.core.windows.net",
    "hdfs": "copy the files to a folder or a bucket, or mount it as a folder",
    "webhdfs": "copy the files to a folder or a bucket, or mount it as a folder",
    "viewfs": "copy the files to a folder or a bucket, or mount it as a folder",
    "dbfs": "write the path /dbfs/... on a cluster of Databricks, or the URI of the bucket that is mounted there",
    "ftp": "copy the files to a folder or a bucket",
    "sftp": "copy the files to a folder or a bucket, or mount it as a folder",
    "ssh": "copy the files to a folder or a bucket, or mount it as a folder",
    "smb": "mount the share, and give its folder",
    "nfs": "mount the share, and give its folder",
    "memory": "copy the files to a folder",
}
"""Schemes that are not read, and what to use instead."""

# The domains of Azure's clouds; `core.windows.net` is the default of the storage client.
_AZURE_DOMAINS: Final = ("core.windows.net", "core.chinacloudapi.cn", "core.usgovcloudapi.net")
_AZURE_HOST: Final = re.compile(r"(?P<account>[a-z0-9]{3,24})\.(?:blob|dfs)\.(?P<domain>core\.[a-z.]+)", re.IGNORECASE)
_S3_DOMAIN: Final = r"(?:dualstack\.)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.)?amazonaws\.com(?:\.cn)?"
_S3_PATH_HOST: Final = re.compile(rf"s3[.-]{_S3_DOMAIN}", re.IGNORECASE)
_S3_BUCKET_HOST: Final = re.compile(rf"(?P<bucket>.+)\.s3[.-]{_S3_DOMAIN}", re.IGNORECASE)
_GS_HOST: Final = re.compile(r"(?:(?P<bucket>.+)\.)?storage\.(?:googleapis|cloud\.google)\.com", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a cloud: a bucket or container, and a prefix without slashes around it.

    `account` and `endpoint` are those of Azure, `region` is that of S3, if the URI names them.
    """

    cloud: CloudName
    bucket: str
    prefix: str = ""
    account: str = ""
    endpoint: str = ""
    region: str = ""

    @property
    def name(self) -> str:
        """Return the URI in its usual spelling, the same for all spellings."""
        below = f"/{self.prefix}" if self.prefix else ""
        if self.account:
            domain = self.endpoint.partition(".blob.")[2] or _AZURE_DOMAINS[0]
            return f"abfss://{self.bucket}@{self.account}.dfs.{domain}{below}"
        return f"{self.cloud}://{self.bucket}{below}"


def location_of(uri: str) -> Location:
    """Return the place in a cloud that a URI names.

    Raises:
        UsageError: it names none. The message says what to use instead, and has no secret.

    """
    url = _split(uri)
    cloud = SCHEMES.get(url.scheme)
    found = _of_cloud(url, cloud) if cloud else _of_web(url)
    if found is None:
        raise _unsupported(uri, url)
    return found


def _split(uri: str) -> SplitResult:
    try:
        url = urlsplit(uri)
    except ValueError:  # The rest of the URI is not shown: it may have a secret.
        raise UsageError(f"this {uri.partition(':')[0]}:// URI is not {STORAGES}") from None
    # The part before @ is the container in the spelling of Hadoop; anywhere else it is a login.
    hadoop = SCHEMES.get(url.scheme) == "az" and url.netloc.count("@") == 1 and ":" not in url.netloc
    if ("@" in url.netloc and not hadoop) or url.query or url.fragment:
        raise UsageError(f"a {url.scheme}:// URI must not contain credentials: use environment variables or options")
    return url


def _of_cloud(url: SplitResult, cloud: CloudName) -> Location | None:
    container, at, host = url.netloc.rpartition("@")
    prefix = url.path.strip("/")
    if at:
        azure = _azure(host)
        return Location("az", container, prefix, *azure) if azure and container else None
    if cloud == "az" and (azure := _azure(url.netloc)):  # az://account.blob.core.windows.net/container
        return _below(prefix, "az", *azure)
    return Location(cloud, url.netloc, prefix) if url.netloc else None


def _of_web(url: SplitResult) -> Location | None:
    """Return the place that a https URL of a cloud names."""
    if url.scheme != "https":
        return None
    host, path = url.hostname or "", unquote(url.path).strip("/")
    if azure := _azure(host):
        return _below(path, "az", *azure)
    if found := _S3_PATH_HOST.fullmatch(host):
        return _below(path, "s3", region=found["region"] or "")
    if found := _S3_BUCKET_HOST.fullmatch(host):
        return Location("s3", found["bucket"], path, region=found["region"] or "")
    if found := _GS_HOST.fullmatch(host):
        return Location("gs", found["bucket"], path) if found["bucket"] else _below(path, "gs")
    return None


def _azure(host: str) -> tuple[str, str] | None:
    """Return the account and the endpoint of a host of Azure; the endpoint is empty where it is the usual one."""
    found = _AZURE_HOST.fullmatch(host)
    if not found or found["domain"].lower() not in _AZURE_DOMAINS:
        return None
    account, domain = found["account"].lower(), found["domain"].lower()
    return account, "" if domain == _AZURE_DOMAINS[0] else f"https://{account}.blob.{domain}"


def _below(path: str, cloud: CloudName, account: str = "", endpoint: str = "", region: str = "") -> Location | None:
    bucket, _, prefix = path.partition("/")
    return Location(cloud, bucket, prefix.strip("/"), account, endpoint, region) if bucket else None


def _unsupported(uri: str, url: SplitResult) -> UsageError:
    if url.scheme in SCHEMES:
        usual = _BUCKETS[SCHEMES[url.scheme]]
        return UsageError(f"{uri} is not a folder or a bucket: write {usual}/prefix")
    instead = f": {INSTEAD[url.scheme]}" if url.scheme in INSTEAD else ""
    return UsageError(f"{uri} is not {STORAGES}{instead}")
