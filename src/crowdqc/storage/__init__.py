"""Where files lie; a URL chooses the adapter."""

from crowdqc.storage.port import NoSuchFile, Storage, Stored, TooLarge

__all__ = ["NoSuchFile", "Storage", "Stored", "TooLarge"]
