"""The spellings of storage URIs, and what to write in place of those that are not read. This module imports little."""

from typing import Final, Literal

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

USUAL: Final = {"s3": "s3://bucket", "gs": "gs://bucket", "az": "az://container"}
BUCKETS: Final = "{}, {} or {}".format(*USUAL.values())
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
