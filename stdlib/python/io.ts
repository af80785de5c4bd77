"""Streams: files, and text and bytes in memory."""
from _io import BytesIO, StringIO, TextIOWrapper, UnsupportedOperation

open = open
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2
DEFAULT_BUFFER_SIZE = 8192
