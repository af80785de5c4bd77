"""Message digests."""
import _hash

algorithms_guaranteed = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384",
                         "sha3_512", "blake2b", "blake2s"}
algorithms_available = set(algorithms_guaranteed)

# name: the digest's size, the block's size, libcrypto's name
_KNOWN = {"md5": (16, 64, "md5"), "sha1": (20, 64, "sha1"), "sha224": (28, 64, "sha224"), "sha256": (32, 64, "sha256"),
          "sha384": (48, 128, "sha384"), "sha512": (64, 128, "sha512"), "sha3_224": (28, 144, "sha3-224"),
          "sha3_256": (32, 136, "sha3-256"), "sha3_384": (48, 104, "sha3-384"), "sha3_512": (64, 72, "sha3-512"),
          "blake2b": (64, 128, "blake2b512"), "blake2s": (32, 64, "blake2s256")}


class _Hash:
    """The digest of what was given to update()."""

    def __init__(self, name, data=b""):
        self.name = name
        self.digest_size, self.block_size, self._algorithm = _KNOWN[name]
        self._data = bytearray()
        self.update(data)

    def update(self, data, /):
        if isinstance(data, str):
            raise TypeError("Strings must be encoded before hashing")
        if not isinstance(data, (bytes, bytearray)):
            try:
                data = bytes(memoryview(data))
            except (NameError, TypeError):
                raise TypeError("object supporting the buffer API required") from None
        self._data += data

    def digest(self):
        return _hash.digest(self._algorithm, bytes(self._data))

    def hexdigest(self):
        return self.digest().hex()

    def copy(self):
        return _Hash(self.name, self._data)

    def __repr__(self):
        return f"<{self.name} _hashlib.HASH object @ {hex(id(self))}>"


def new(name, data=b"", *, usedforsecurity=True):
    """A hash object by the algorithm's name."""
    known = name.lower().replace("-", "_")
    if known.startswith("sha_"):
        known = known.replace("sha_", "sha", 1)
    if known not in _KNOWN:
        raise ValueError("unsupported hash type " + name)
    return _Hash(known, data)


def md5(string=b"", *, usedforsecurity=True):
    return _Hash("md5", string)


def sha1(string=b"", *, usedforsecurity=True):
    return _Hash("sha1", string)


def sha224(string=b"", *, usedforsecurity=True):
    return _Hash("sha224", string)


def sha256(string=b"", *, usedforsecurity=True):
    return _Hash("sha256", string)


def sha384(string=b"", *, usedforsecurity=True):
    return _Hash("sha384", string)


def sha512(string=b"", *, usedforsecurity=True):
    return _Hash("sha512", string)


def sha3_224(string=b"", *, usedforsecurity=True):
    return _Hash("sha3_224", string)


def sha3_256(string=b"", *, usedforsecurity=True):
    return _Hash("sha3_256", string)


def sha3_384(string=b"", *, usedforsecurity=True):
    return _Hash("sha3_384", string)


def sha3_512(string=b"", *, usedforsecurity=True):
    return _Hash("sha3_512", string)


def blake2b(data=b"", /, *, digest_size=64, usedforsecurity=True):
    if digest_size != 64:
        raise NotImplementedError("hashlib.blake2b with another digest_size than 64")
    return _Hash("blake2b", data)


def blake2s(data=b"", /, *, digest_size=32, usedforsecurity=True):
    if digest_size != 32:
        raise NotImplementedError("hashlib.blake2s with another digest_size than 32")
    return _Hash("blake2s", data)


def file_digest(fileobj, digest, /):
    """The hash object of what a file holds."""
    h = new(digest) if isinstance(digest, str) else digest()
    while True:
        data = fileobj.read(1 << 18)
        if not data:
            return h
        h.update(data)


def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
    """A key from a password (PKCS 5)."""
    import hmac
    size = new(hash_name).digest_size
    dklen = size if dklen is None else dklen
    out = b""
    block = 1
    while len(out) < dklen:
        u = hmac.new(password, salt + block.to_bytes(4, "big"), hash_name).digest()
        total = int.from_bytes(u, "big")
        for _ in range(iterations - 1):
            u = hmac.new(password, u, hash_name).digest()
            total ^= int.from_bytes(u, "big")
        out += total.to_bytes(size, "big")
        block += 1
    return out[:dklen]
