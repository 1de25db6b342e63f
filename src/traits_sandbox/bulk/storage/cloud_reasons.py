"""Why a bucket cannot be opened, listed or read, and the error codes of the three clouds that mean it."""

from enum import StrEnum
from typing import Final


class CloudReason(StrEnum):
    """Why a bucket cannot be opened, listed or read."""

    NO_BUCKET = "no such bucket"
    NO_CONTAINER = "no such container"
    NO_OBJECT = "no such object"
    BAD_NAME = "the name of the bucket or the key is not allowed"
    UNKNOWN_ACCESS_KEY = "the access key is unknown"
    WRONG_SECRET_KEY = "the secret key is wrong"
    WRONG_ACCOUNT_KEY = "the account key or the signature of the SAS token is wrong"
    EXPIRED_TOKEN = "the token has expired"
    EXPIRED_SAS = "the SAS token has expired or is not valid yet"
    BAD_TOKEN = "the token is not valid"
    TOKEN_NOT_ALLOWED = "the token does not allow it"
    WRONG_CREDENTIALS = "the credentials are wrong"
    NOT_ALLOWED_TO_LIST = "the credentials do not allow it: they need the permission to list"
    NOT_ALLOWED_TO_READ = "the credentials do not allow it: they need the permission to read this object"
    ADDRESS_NOT_ALLOWED = "access from this network address is not allowed"
    NO_CREDENTIALS = "there are no credentials"
    WRONG_CLOCK = "the clock of this machine differs too much from the server's"
    ARCHIVED = "the object is archived: restore it first"
    ENCRYPTED = "the object is encrypted with a key that the credentials cannot use"
    REQUESTER_PAYS = "the requester must pay: set the option request_payer or the project that pays"
    ACCOUNT_DISABLED = "the account is disabled"
    ANONYMOUS_NOT_ALLOWED = "access without credentials is not allowed"
    KEYS_NOT_ALLOWED = "the account does not accept keys: use a login of Microsoft Entra"
    HTTPS_NEEDED = "the account only accepts https"
    OTHER_REGION = "the bucket is in another region"
    REDIRECTED = "the server redirects to another address"
    BUSY = "the server is busy"
    BROKEN = "the server has an internal error"
    NO_STORE = "the server does not answer as a storage does: check the endpoint"
    PROXY = "the proxy asks for a login"
    REFUSED = "connection refused"
    UNKNOWN_HOST = "unknown host"
    UNTRUSTED = "its certificate is not trusted"
    NO_TLS = "the server does not use TLS"
    TIMEOUT = "timed out"
    NO_CONNECTION = "no connection"
    NO_ACCOUNT = "there is no account name: set AZURE_STORAGE_ACCOUNT or the option account_name"
    BAD_ACCOUNT_KEY = "the account key is not valid Base64"
    BAD_SAS = "the SAS token is not valid"
    BAD_SERVICE_ACCOUNT = "the service account key is not valid JSON of a supported type"
    NO_SERVICE_ACCOUNT = "the service account file cannot be read"
    BAD_PRIVATE_KEY = "the private key is not in PEM format"
    BAD_OPTION_VALUE = "an option has an invalid value"
    UNKNOWN_OPTION = "an option has an unknown name"
    UNKNOWN = "for a reason that traits-sandbox does not know"


ABOUT_ONE_OBJECT: Final = {
    CloudReason.NO_OBJECT,
    CloudReason.BAD_NAME,
    CloudReason.ARCHIVED,
    CloudReason.ENCRYPTED,
}

# Error codes in the replies of S3 and of servers like it, Google Cloud Storage, Azure, and their login services.
CODES: Final = {
    "NoSuchBucket": CloudReason.NO_BUCKET,
    "NoSuchKey": CloudReason.NO_OBJECT,
    "NoSuchVersion": CloudReason.NO_OBJECT,
    "InvalidBucketName": CloudReason.BAD_NAME,
    "KeyTooLongError": CloudReason.BAD_NAME,
    "InvalidAccessKeyId": CloudReason.UNKNOWN_ACCESS_KEY,
    "InvalidClientTokenId": CloudReason.UNKNOWN_ACCESS_KEY,
    "SignatureDoesNotMatch": CloudReason.WRONG_SECRET_KEY,
    "ExpiredToken": CloudReason.EXPIRED_TOKEN,
    "ExpiredTokenException": CloudReason.EXPIRED_TOKEN,
    "TokenRefreshRequired": CloudReason.EXPIRED_TOKEN,
    "RequestExpired": CloudReason.WRONG_CLOCK,
    "RequestTimeTooSkewed": CloudReason.WRONG_CLOCK,
    "InvalidToken": CloudReason.BAD_TOKEN,
    "InvalidIdentityToken": CloudReason.BAD_TOKEN,
    "InvalidObjectState": CloudReason.ARCHIVED,
    "RestoreInProgress": CloudReason.ARCHIVED,
    "PermanentRedirect": CloudReason.OTHER_REGION,
    "TemporaryRedirect": CloudReason.OTHER_REGION,
    "AuthorizationHeaderMalformed": CloudReason.OTHER_REGION,
    "IllegalLocationConstraintException": CloudReason.OTHER_REGION,
    "AllAccessDisabled": CloudReason.ACCOUNT_DISABLED,
    "AccountProblem": CloudReason.ACCOUNT_DISABLED,
    "NotSignedUp": CloudReason.ACCOUNT_DISABLED,
    "InvalidPayer": CloudReason.REQUESTER_PAYS,
    "UserProjectMissing": CloudReason.REQUESTER_PAYS,
    "UserProjectAccountProblem": CloudReason.REQUESTER_PAYS,
    "KMS.DisabledException": CloudReason.ENCRYPTED,
    "KMS.InvalidStateException": CloudReason.ENCRYPTED,
    "KMS.NotFoundException": CloudReason.ENCRYPTED,
    "KMS.AccessDeniedException": CloudReason.ENCRYPTED,
    "ResourceIsEncryptedWithCustomerEncryptionKey": CloudReason.ENCRYPTED,
    "BlobUsesCustomerSpecifiedEncryption": CloudReason.ENCRYPTED,
    "SlowDown": CloudReason.BUSY,
    "ServiceUnavailable": CloudReason.BUSY,
    "ServerBusy": CloudReason.BUSY,
    "RequestTimeout": CloudReason.TIMEOUT,
    "OperationTimedOut": CloudReason.TIMEOUT,
    "InternalError": CloudReason.BROKEN,
    "AuthenticationRequired": CloudReason.NO_CREDENTIALS,
    "ContainerNotFound": CloudReason.NO_CONTAINER,
    "ContainerBeingDeleted": CloudReason.NO_CONTAINER,
    "ContainerDisabled": CloudReason.ACCOUNT_DISABLED,
    "BlobNotFound": CloudReason.NO_OBJECT,
    "InvalidResourceName": CloudReason.BAD_NAME,
    "InvalidUri": CloudReason.BAD_NAME,
    "BlobArchived": CloudReason.ARCHIVED,
    "BlobBeingRehydrated": CloudReason.ARCHIVED,
    "AuthorizationPermissionMismatch": CloudReason.TOKEN_NOT_ALLOWED,
    "AuthorizationResourceTypeMismatch": CloudReason.TOKEN_NOT_ALLOWED,
    "AuthorizationServiceMismatch": CloudReason.TOKEN_NOT_ALLOWED,
    "InsufficientAccountPermissions": CloudReason.TOKEN_NOT_ALLOWED,
    "AuthorizationSourceIPMismatch": CloudReason.ADDRESS_NOT_ALLOWED,
    "AuthorizationProtocolMismatch": CloudReason.HTTPS_NEEDED,
    "AccountRequiresHttps": CloudReason.HTTPS_NEEDED,
    "AuthorizationFailure": CloudReason.WRONG_CREDENTIALS,
    "AuthenticationFailed": CloudReason.WRONG_CREDENTIALS,
    "InvalidAuthenticationInfo": CloudReason.WRONG_CREDENTIALS,
    "NoAuthenticationInformation": CloudReason.NO_CREDENTIALS,
    "PublicAccessNotPermitted": CloudReason.ANONYMOUS_NOT_ALLOWED,
    "KeyBasedAuthenticationNotPermitted": CloudReason.KEYS_NOT_ALLOWED,
    "AccountIsDisabled": CloudReason.ACCOUNT_DISABLED,
    "invalid_grant": CloudReason.WRONG_CREDENTIALS,
    "invalid_client": CloudReason.WRONG_CREDENTIALS,
    "unauthorized_client": CloudReason.WRONG_CREDENTIALS,
}

# Sentences of a server that distinguish the causes behind one code.
DETAILS: Final = {
    "not valid in the specified time frame": CloudReason.EXPIRED_SAS,
    "Signature fields not well formed": CloudReason.BAD_SAS,
    "Request date header too old": CloudReason.WRONG_CLOCK,
    "MAC signature found in the HTTP request": CloudReason.WRONG_ACCOUNT_KEY,
    "Signature did not match": CloudReason.WRONG_ACCOUNT_KEY,
    "Audience validation failed": CloudReason.BAD_TOKEN,
    "Lifetime validation failed": CloudReason.EXPIRED_TOKEN,
    "no bucket named": CloudReason.NO_BUCKET,
}

# The words of obstore and of its libraries that have no code of a server. The first one that is in the text decides.
PHRASES: Final = {
    "MissingAccount": CloudReason.NO_ACCOUNT,
    "Account must be specified": CloudReason.NO_ACCOUNT,
    "InvalidAccessKey": CloudReason.BAD_ACCOUNT_KEY,
    "SasComponent": CloudReason.BAD_SAS,
    "DecodeCredentials": CloudReason.BAD_SERVICE_ACCOUNT,
    "OpenCredentials": CloudReason.NO_SERVICE_ACCOUNT,
    "failed to parse": CloudReason.BAD_OPTION_VALUE,
    "pem file": CloudReason.BAD_PRIVATE_KEY,
    "token request": CloudReason.NO_CREDENTIALS,
    "MissingSecretAccessKey": CloudReason.NO_CREDENTIALS,
    "MissingAccessKeyId": CloudReason.NO_CREDENTIALS,
    "MissingCredentials": CloudReason.NO_CREDENTIALS,
    "redirect without LOCATION": CloudReason.OTHER_REGION,
    "BareRedirect": CloudReason.OTHER_REGION,
    "invalid list response": CloudReason.NO_STORE,
    "Header missing from response": CloudReason.NO_STORE,
    "non-partial response": CloudReason.NO_STORE,
    "onnection refused": CloudReason.REFUSED,
    "ConnectionRefused": CloudReason.REFUSED,
    "dns error": CloudReason.UNKNOWN_HOST,
    "InvalidCertificate": CloudReason.UNTRUSTED,
    "invalid peer certificate": CloudReason.UNTRUSTED,
    "InvalidContentType": CloudReason.NO_TLS,
    "TimedOut": CloudReason.TIMEOUT,
    "kind: Timeout": CloudReason.TIMEOUT,
    "kind: Connect": CloudReason.NO_CONNECTION,
    "NetworkUnreachable": CloudReason.NO_CONNECTION,
    "HostUnreachable": CloudReason.NO_CONNECTION,
    "ConnectionReset": CloudReason.NO_CONNECTION,
    "IncompleteMessage": CloudReason.NO_CONNECTION,
    "kind: Redirect": CloudReason.REDIRECTED,
}

STATUSES: Final = {
    401: CloudReason.WRONG_CREDENTIALS,
    404: CloudReason.NO_BUCKET,
    407: CloudReason.PROXY,
    408: CloudReason.TIMEOUT,
    429: CloudReason.BUSY,
    500: CloudReason.BROKEN,
    503: CloudReason.BUSY,
    504: CloudReason.TIMEOUT,
}
