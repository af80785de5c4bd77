"""Reading what a URL stands for: http and https through libcurl, file."""
import io
import os
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlparse


class Request:
    def __init__(self, url, data=None, headers={}, origin_req_host=None, unverifiable=False, method=None):
        if data is not None or method not in (None, "GET"):
            raise NotImplementedError("urllib.request: only GET requests are supported")
        self.full_url = url
        self.headers = dict(headers)

    def add_header(self, key, value):
        self.headers[key] = value

    def get_full_url(self):
        return self.full_url


def pathname2url(path):
    return quote(path)


def url2pathname(path):
    return unquote(path)


def _fetch(url, write, progress=None, headers=()):
    """Gives the body to write, piece by piece, and how far it is to progress(now, total)."""
    parts = urlparse(url)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise URLError("file:// scheme is supported only on localhost")
        path = unquote(parts.path)
        try:
            source = open(path, "rb")
        except OSError as e:
            raise URLError(e) from None
        with source:
            total, now = os.path.getsize(path), 0
            while True:
                piece = source.read(1 << 20)
                if not piece:
                    break
                write(piece)
                now += len(piece)
                if progress is not None:
                    progress(now, total)
        return
    if parts.scheme not in ("http", "https"):
        if not parts.scheme:
            raise ValueError(f"unknown url type: {url!r}")
        raise URLError(f"unknown url type: {parts.scheme}")
    import _net
    status, error = _net.get(url, write, progress, headers)
    if status >= 400:
        raise HTTPError(url, status, _REASONS.get(status, error))
    if error:
        raise URLError(error)


_REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
            410: "Gone", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}


class _Response(io.BytesIO):
    def __init__(self, data, url):
        super().__init__(data)
        self.url = url
        self.status = self.code = 200

    def geturl(self):
        return self.url

    def getcode(self):
        return self.status


def urlopen(url, data=None, timeout=None, **kwargs):
    request = url if isinstance(url, Request) else Request(url, data)
    pieces = []
    _fetch(request.full_url, pieces.append, None, [f"{k}: {v}" for k, v in request.headers.items()])
    return _Response(b"".join(pieces), request.full_url)


def urlretrieve(url, filename=None, reporthook=None, data=None):
    if filename is None:
        raise NotImplementedError("urllib.request.urlretrieve without a file name")
    with open(filename, "wb") as f:
        _fetch(url, f.write)
    return filename, None
