"""torch.hub: models from repositories that have a hubconf.py, and weights from the net.

Repositories and weights are cached in get_dir(); what is cached is used without asking the net.
"""
import os
import sys
import warnings
import torch

__all__ = ["download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url", "set_dir"]

ENV_TORCH_HOME = "TORCH_HOME"
ENV_XDG_CACHE_HOME = "XDG_CACHE_HOME"
ENV_GITHUB_TOKEN = "GITHUB_TOKEN"
DEFAULT_CACHE_DIR = "~/.cache"
VAR_DEPENDENCY = "dependencies"
MODULE_HUBCONF = "hubconf.py"
_TRUSTED_REPO_OWNERS = ("facebookresearch", "facebookincubator", "pytorch", "fairinternal")
_hub_dir = None


# --- the cache -------------------------------------------------------------------------------------------------------------

def _get_torch_home():
    cache = os.getenv(ENV_XDG_CACHE_HOME, DEFAULT_CACHE_DIR)
    return os.path.expanduser(os.getenv(ENV_TORCH_HOME, os.path.join(cache, "torch")))


def get_dir():
    """Where repositories and weights are kept: what set_dir said, else $TORCH_HOME/hub, else ~/.cache/torch/hub."""
    if os.getenv("TORCH_HUB"):
        warnings.warn("TORCH_HUB is deprecated, please use env TORCH_HOME instead")
    return _hub_dir if _hub_dir is not None else os.path.join(_get_torch_home(), "hub")


def set_dir(d):
    """Sets the folder of the cache."""
    global _hub_dir
    _hub_dir = os.path.expanduser(d)


def _remove_if_exists(path):
    if os.path.isdir(path) and not os.path.islink(path):
        for folder, folders, files in os.walk(path, topdown=False):
            for name in files:
                os.remove(os.path.join(folder, name))
            for name in folders:
                full = os.path.join(folder, name)
                os.remove(full) if os.path.islink(full) else os.rmdir(full)
        os.rmdir(path)
    elif os.path.lexists(path):
        os.remove(path)


def _parse_repo_info(github):
    repo, colon, ref = github.partition(":")
    if repo.count("/") != 1 or ":" in ref:
        raise ValueError(f"a repository is named owner/name or owner/name:branch, got {github!r}")
    owner, name = repo.split("/")
    if not colon:
        # Without a branch it is the default one: main if the cache or the repository has it, else master.
        for branch in ("main", "master"):
            if os.path.exists(os.path.join(get_dir(), "_".join([owner, name, branch]))):
                return owner, name, branch
        from urllib.error import HTTPError
        from urllib.request import urlopen
        ref = "main"
        try:
            urlopen(f"https://github.com/{owner}/{name}/tree/main/")
        except HTTPError as e:
            if e.code != 404:
                raise
            ref = "master"
    return owner, name, ref


def _validate_not_a_forked_repo(owner, name, ref):
    """A branch, tag or commit that GitHub shows under a repository may belong to a fork of it: only its own are taken."""
    import json
    from urllib.request import Request, urlopen
    headers = {"Accept": "application/vnd.github.v3+json"}
    token = os.environ.get(ENV_GITHUB_TOKEN)
    if token is not None:
        headers["Authorization"] = "token " + token
    for kind in ("branches", "tags"):
        page = 1
        while True:
            with urlopen(Request(f"https://api.github.com/repos/{owner}/{name}/{kind}?per_page=100&page={page}",
                                 headers=headers)) as reply:
                found = json.loads(reply.read().decode())
            if not found:
                break
            for item in found:
                if item["name"] == ref or item["commit"]["sha"].startswith(ref):
                    return
            page += 1
    raise ValueError(f"Cannot find {ref} in https://github.com/{owner}/{name}. If it's a commit from a forked repo, please call "
                     "hub.load() with forked repo directly.")


def _check_repo_is_trusted(owner, name, folder, trust_repo, calling_fn):
    hub_dir = get_dir()
    path = os.path.join(hub_dir, "trusted_list")
    if not os.path.exists(path):
        open(path, "a").close()
    with open(path) as f:
        listed = [line.strip() for line in f]
    short = owner + "_" + name
    trusted = short in listed or os.path.isdir(os.path.join(hub_dir, folder)) or owner in _TRUSTED_REPO_OWNERS
    if trust_repo is None:
        if not trusted:
            warnings.warn(
                "You are about to download and run code from an untrusted repository. In a future release, this won't be allowed. "
                f"To add the repository to your trusted list, change the command to {calling_fn}(..., trust_repo=False) and a "
                "command prompt will appear asking for an explicit confirmation of trust, or "
                f"{calling_fn}(..., trust_repo=True), which will assume that the prompt is to be answered with 'yes'. You can also "
                f"use {calling_fn}(..., trust_repo='check') which will only prompt for confirmation if the repo is not already "
                "trusted. This will eventually be the default behaviour")
        return
    if trust_repo is False or (trust_repo == "check" and not trusted):
        answer = input(f"The repository {short} does not belong to the list of trusted repositories and as such cannot be downloaded. "
                       "Do you trust this repository and wish to add it to the trusted list of repositories (y/N)?")
        if answer.lower() in ("n", "no", ""):
            raise Exception("Untrusted repository.")
        if answer.lower() not in ("y", "yes"):
            raise ValueError(f"Unrecognized response {answer}.")
        if trusted:
            print("The repository is already trusted.")
    if not trusted:
        with open(path, "a") as f:
            f.write(short + "\n")


def _get_cache_or_reload(github, force_reload, trust_repo, calling_fn, verbose=True, skip_validation=False):
    """The folder of the repository, downloaded if it is not there."""
    hub_dir = get_dir()
    os.makedirs(hub_dir, exist_ok=True)
    owner, name, ref = _parse_repo_info(github)
    branch = ref.replace("/", "_")
    folder = "_".join([owner, name, branch])
    repo_dir = os.path.join(hub_dir, folder)
    _check_repo_is_trusted(owner, name, folder, trust_repo, calling_fn)
    if not force_reload and os.path.exists(repo_dir):
        if verbose:
            sys.stderr.write(f"Using cache found in {repo_dir}\n")
        return repo_dir
    if not skip_validation:
        _validate_not_a_forked_repo(owner, name, ref)
    packed = os.path.join(hub_dir, branch + ".zip")
    _remove_if_exists(packed)
    url = f"https://github.com/{owner}/{name}/zipball/{ref}"
    sys.stderr.write(f"Downloading: \"{url}\" to {packed}\n")
    download_url_to_file(url, packed, progress=False)
    import zipfile
    unpacked = os.path.join(hub_dir, "." + folder + ".new")
    _remove_if_exists(unpacked)
    try:
        with zipfile.ZipFile(packed) as archive:
            top = archive.infolist()[0].filename.split("/")[0]
            archive.extractall(unpacked)
        _remove_if_exists(repo_dir)
        os.rename(os.path.join(unpacked, top), repo_dir)
    finally:
        _remove_if_exists(unpacked)
        _remove_if_exists(packed)
    return repo_dir


# --- hubconf.py --------------------------------------------------------------------------------------------------------------

def _import_module(name, path):
    """Runs a file as a module of that name, whatever else is loaded under it."""
    from types import ModuleType
    with open(path, encoding="utf-8") as f:
        source = f.read()
    module = ModuleType(name)
    module.__file__ = path
    exec(compile(source, path, "exec"), module.__dict__)
    return module


class _InPath:
    """The repository's folder is first in sys.path, so that hubconf finds its neighbours."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        sys.path.insert(0, self.folder)

    def __exit__(self, *exc):
        if self.folder in sys.path:
            sys.path.remove(self.folder)


def _hubconf(folder):
    return _import_module(MODULE_HUBCONF, os.path.join(folder, MODULE_HUBCONF))


def _is_there(package):
    try:
        __import__(package)
    except ModuleNotFoundError:
        return False
    return True


def _load_entry_from_hubconf(module, model):
    if not isinstance(model, str):
        raise ValueError("Invalid input: model should be a string of function name")
    missing = [package for package in getattr(module, VAR_DEPENDENCY, None) or () if not _is_there(package)]
    if missing:
        raise RuntimeError("Missing dependencies: " + ", ".join(missing))
    entry = getattr(module, model, None)
    if entry is None or not callable(entry):
        raise RuntimeError(f"Cannot find callable {model} in hubconf")
    return entry


def list(github, force_reload=False, skip_validation=False, trust_repo=None):
    """The names of what a repository offers."""
    repo_dir = _get_cache_or_reload(github, force_reload, trust_repo, "list", True, skip_validation)
    with _InPath(repo_dir):
        module = _hubconf(repo_dir)
    return [name for name in dir(module) if callable(getattr(module, name)) and not name.startswith("_")]


def help(github, model, force_reload=False, skip_validation=False, trust_repo=None):
    """What the repository says about an entry."""
    repo_dir = _get_cache_or_reload(github, force_reload, trust_repo, "help", True, skip_validation)
    with _InPath(repo_dir):
        module = _hubconf(repo_dir)
    return _load_entry_from_hubconf(module, model).__doc__


def load(repo_or_dir, model, *args, source="github", trust_repo=None, force_reload=False, verbose=True, skip_validation=False,
         **kwargs):
    """Calls an entry of a repository (source="github") or of a folder (source="local")."""
    source = source.lower()
    if source not in ("github", "local"):
        raise ValueError(f"Unknown source: \"{source}\". Allowed values: \"github\" | \"local\".")
    if source == "github":
        repo_or_dir = _get_cache_or_reload(repo_or_dir, force_reload, trust_repo, "load", verbose, skip_validation)
    return _load_local(repo_or_dir, model, *args, **kwargs)


def _load_local(hubconf_dir, model, *args, **kwargs):
    with _InPath(hubconf_dir):
        return _load_entry_from_hubconf(_hubconf(hubconf_dir), model)(*args, **kwargs)


# --- weights -----------------------------------------------------------------------------------------------------------------

class _Progress:
    """A line on stderr that says how much is there."""

    def __init__(self):
        self.shown = None

    def __call__(self, now, total):
        text = f"\r{100 * now / total:.1f}%" if total else f"\r{now:.1f} bytes"
        if text != self.shown and now:
            sys.stderr.write(text)
            sys.stderr.flush()
            self.shown = text

    def close(self):
        if self.shown is not None:
            sys.stderr.write("\n")


def download_url_to_file(url, dst, hash_prefix=None, progress=True):
    """Downloads to a new file that takes its place when it is whole (and its SHA256 starts with hash_prefix)."""
    from urllib.request import _fetch
    dst = os.path.expanduser(dst)
    unfinished = f"{dst}.{os.getpid()}.part"
    shown = _Progress() if progress else None
    try:
        with open(unfinished, "wb") as f:
            _fetch(url, f.write, shown)
        if shown is not None:
            shown.close()
        if hash_prefix is not None:
            from _hash import digest
            with open(unfinished, "rb") as f:
                found = digest("sha256", f.read()).hex()
            if found[:len(hash_prefix)] != hash_prefix:
                raise RuntimeError(f"invalid hash value (expected \"{hash_prefix}\", got \"{found}\")")
        os.replace(unfinished, dst)
    finally:
        if os.path.exists(unfinished):
            os.remove(unfinished)


def _hash_in_name(filename):
    """bfd8deac of resnet18-bfd8deac.pth."""
    for part in filename.split("-")[1:]:
        digits, dot, _ = part.partition(".")
        if dot and all(c in "0123456789abcdef" for c in digits):
            return digits
    return None


def load_state_dict_from_url(url, model_dir=None, map_location=None, progress=True, check_hash=False, file_name=None):
    """Loads what torch.save wrote from a URL, through the cache."""
    if os.getenv("TORCH_MODEL_ZOO"):
        warnings.warn("TORCH_MODEL_ZOO is deprecated, please use env TORCH_HOME instead")
    if model_dir is None:
        model_dir = os.path.join(get_dir(), "checkpoints")
    os.makedirs(model_dir, exist_ok=True)
    from urllib.parse import urlparse
    filename = file_name if file_name is not None else os.path.basename(urlparse(url).path)
    cached_file = os.path.join(model_dir, filename)
    if not os.path.exists(cached_file):
        sys.stderr.write(f"Downloading: \"{url}\" to {cached_file}\n")
        download_url_to_file(url, cached_file, _hash_in_name(filename) if check_hash else None, progress=progress)
    import zipfile
    if zipfile.is_zipfile(cached_file):
        # Some weights were packed by hand before torch.save wrote zip files itself: one file in a zip.
        with zipfile.ZipFile(cached_file) as archive:
            members = archive.infolist()
            if len(members) == 1 and not members[0].is_dir():
                warnings.warn("Falling back to the old format < 1.6. This support will be deprecated in favor of default zipfile "
                              "format introduced in 1.6. Please redo torch.save() to save it in the new zipfile format.")
                archive.extractall(model_dir)
                cached_file = os.path.join(model_dir, members[0].filename)
    return torch.load(cached_file, map_location=map_location)
