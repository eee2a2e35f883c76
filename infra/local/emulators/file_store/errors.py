"""What the store refuses. Each emulator says it in its own service's words."""

from __future__ import annotations


class BucketMissing(Exception):
    """There is no bucket of that name."""


class BucketExists(Exception):
    """The bucket was made before."""


class BucketNotEmpty(Exception):
    """A bucket is deleted only when it has no objects."""


class ObjectMissing(Exception):
    """There is no object of that name in the bucket."""


class StoreInUse(Exception):
    """Another process has this folder open."""
