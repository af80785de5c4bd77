"""Taking URLs apart and putting them together."""
from collections import namedtuple

_SplitResult = namedtuple("SplitResult", ["scheme", "netloc", "path", "query", "fragment"])
_ParseResult = namedtuple("ParseResult", ["scheme", "netloc", "path", "params", "query", "fragment"])
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")


class _Location:
    """What is in the netloc: user:password@host:port."""

    @property
    def _address(self):
        return self.netloc.rpartition("@")[2]

    @property
    def username(self):
        user, at, _ = self.netloc.rpartition("@")
        return user.partition(":")[0] if at else None

    @property
    def password(self):
        user, at, _ = self.netloc.rpartition("@")
        name, colon, password = user.partition(":")
        return password if at and colon else None

    @property
    def hostname(self):
        address = self._address
        host = address[1:].partition("]")[0] if address.startswith("[") else address.partition(":")[0]
        return host.lower() or None

    @property
    def port(self):
        address = self._address
        text = address.rpartition("]")[2] if "]" in address else address
        port = text.partition(":")[2]
        if not port:
            return None
        if not port.isdigit():
            raise ValueError(f"Port could not be cast to integer value as {port!r}")
        if int(port) > 65535:
            raise ValueError("Port out of range 0-65535")
        return int(port)

    def geturl(self):
        return urlunparse(self) if len(self) == 6 else urlunsplit(self)


class SplitResult(_Location, _SplitResult):
    __slots__ = ()


class ParseResult(_Location, _ParseResult):
    __slots__ = ()


def urlsplit(url, scheme="", allow_fragments=True):
    url = url.strip()
    netloc = query = fragment = ""
    head, colon, rest = url.partition(":")
    if colon and head and head[0].isalpha() and all(c.isalnum() or c in "+-." for c in head):
        scheme, url = head.lower(), rest
    if url[:2] == "//":
        end = min((i for i in (url.find(c, 2) for c in "/?#") if i >= 0), default=len(url))
        netloc, url = url[2:end], url[end:]
        if ("[" in netloc) != ("]" in netloc):
            raise ValueError("Invalid IPv6 URL")
    if allow_fragments and "#" in url:
        url, _, fragment = url.partition("#")
    if "?" in url:
        url, _, query = url.partition("?")
    return SplitResult(scheme, netloc, url, query, fragment)


def urlparse(url, scheme="", allow_fragments=True):
    scheme, netloc, path, query, fragment = urlsplit(url, scheme, allow_fragments)
    params = ""
    last = path.rfind("/")
    if ";" in path[last + 1:] and scheme in ("", "ftp", "http", "https", "sip", "sips"):
        at = path.index(";", last + 1)
        path, params = path[:at], path[at + 1:]
    return ParseResult(scheme, netloc, path, params, query, fragment)


def urlunsplit(parts):
    scheme, netloc, url, query, fragment = parts
    if netloc or (scheme == "file" and url[:2] != "//"):
        if url and url[:1] != "/":
            url = "/" + url
        url = "//" + netloc + url
    if scheme:
        url = scheme + ":" + url
    if query:
        url += "?" + query
    if fragment:
        url += "#" + fragment
    return url


def urlunparse(parts):
    scheme, netloc, url, params, query, fragment = parts
    return urlunsplit((scheme, netloc, url + ";" + params if params else url, query, fragment))


def urljoin(base, url, allow_fragments=True):
    """The URL that a reference on the page `base` means."""
    if not base or not url:
        return url or base
    b, u = urlsplit(base, "", allow_fragments), urlsplit(url, urlsplit(base).scheme, allow_fragments)
    if u.scheme != b.scheme:
        return url
    if u.netloc:
        return u.geturl()
    if not u.path:
        return urlunsplit((b.scheme, b.netloc, b.path, u.query or b.query, u.fragment))
    path = u.path if u.path.startswith("/") else b.path.rpartition("/")[0] + "/" + u.path
    parts = []
    segments = path.split("/")
    for i, segment in enumerate(segments):
        if segment == "..":
            if len(parts) > 1:
                parts.pop()
        elif segment != ".":
            parts.append(segment)
        if i == len(segments) - 1 and segment in (".", ".."):
            parts.append("")
    return urlunsplit((b.scheme, b.netloc, "/".join(parts) or "/", u.query, u.fragment))


def quote(string, safe="/", encoding="utf-8", errors="strict"):
    data = string.encode(encoding, errors) if isinstance(string, str) else bytes(string)
    keep = _SAFE | frozenset(safe.encode("ascii", "ignore") if isinstance(safe, str) else safe)
    return "".join(chr(b) if b in keep else f"%{b:02X}" for b in data)


def quote_plus(string, safe="", encoding="utf-8", errors="strict"):
    return quote(string, safe + " " if isinstance(safe, str) else safe + b" ", encoding, errors).replace(" ", "+")


def unquote_to_bytes(string):
    data = string.encode("utf-8") if isinstance(string, str) else bytes(string)
    first, *rest = data.split(b"%")
    out = bytearray(first)
    for part in rest:
        try:
            out.append(int(part[:2], 16) if len(part) >= 2 else int("x"))
            out += part[2:]
        except ValueError:
            out += b"%" + part
    return bytes(out)


def unquote(string, encoding="utf-8", errors="replace"):
    return unquote_to_bytes(string).decode(encoding, errors)


def unquote_plus(string, encoding="utf-8", errors="replace"):
    return unquote(string.replace("+", " "), encoding, errors)


def urlencode(query, doseq=False, safe="", encoding="utf-8", errors="strict"):
    pairs = query.items() if hasattr(query, "items") else query
    out = []
    for key, value in pairs:
        several = doseq and not isinstance(value, (str, bytes)) and hasattr(value, "__iter__")
        for v in value if several else [value]:
            out.append("=".join(quote_plus(x if isinstance(x, bytes) else str(x), safe, encoding, errors) for x in (key, v)))
    return "&".join(out)


def parse_qsl(qs, keep_blank_values=False, strict_parsing=False, encoding="utf-8", errors="replace", max_num_fields=None,
              separator="&"):
    out = []
    for item in qs.split(separator):
        if not item and not strict_parsing:
            continue
        key, equals, value = item.partition("=")
        if not equals and strict_parsing:
            raise ValueError(f"bad query field: {item!r}")
        if value or keep_blank_values:
            out.append((unquote_plus(key, encoding, errors), unquote_plus(value, encoding, errors)))
    return out


def parse_qs(qs, keep_blank_values=False, strict_parsing=False, encoding="utf-8", errors="replace", max_num_fields=None,
             separator="&"):
    out = {}
    for key, value in parse_qsl(qs, keep_blank_values, strict_parsing, encoding, errors, max_num_fields, separator):
        out.setdefault(key, []).append(value)
    return out
