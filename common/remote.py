"""The copy of a run at any place that fsspec reaches: brought up to date after every epoch, and fetched to go on elsewhere."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

import fsspec

from common.errors import InputError
from common.files import sha256

MANIFEST_NAME = "manifest.json"
SUFFIXES = (".keras", ".npz", ".json", ".csv", ".png")  # what a run keeps in its folder; converted networks are made again
BUCKETS = {"s3", "gs", "az"}  # protocols of stores without folders, where a bucket that is not there is a mistake


class Remote:
    """A run's copy in a folder below `address`, with the run's name.

    A file lies there under a name that holds its digest, as model-0123456789abcdef.keras, and is never changed. manifest.json says which
    files make up the run; it is written after them, replaced in one step, and what it does not name is removed only then. So an upload
    that breaks off anywhere leaves the copy of the epoch before: also on S3, where a single object appears whole or not at all, but
    several never together.

    One training at a time keeps a copy up to date; another one that finds the manifest changed leaves it alone.

    Args:
        address: a folder as fsspec writes it: s3://bucket/folder, memory://folder, a path. What it takes to log in comes from where the
            place's own tools have it, such as AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL or ~/.aws.
        name: the run's.

    Attributes:
        address: of the run's copy.

    Raises InputError for an address that fsspec cannot make sense of, or not without another package.
    """

    def __init__(self, address, name):
        self.address = f"{str(address).rstrip('/')}/{name}"
        try:
            self._fs, self._root = fsspec.url_to_fs(self.address)
        except ImportError as error:
            package = (error.__cause__ or error).name
            raise InputError(f"--sync {address} needs the package {package}; install it with: pip install {package}") from error
        except ValueError as error:
            raise InputError(f"--sync {address}: {_line(error)}") from error
        self._ours, self._digests, self._behind = [None], {}, False

    def begin(self, folder, goes_on):
        """Check, before anything is trained, that the copy can be read and written and is not ahead of `folder`.

        `goes_on` says whether the run in `folder` is an earlier one. Raises InputError.
        """
        folder = Path(folder)
        with _told(self.address):
            there = self._manifest()
            if there and not goes_on:
                raise InputError(f"{self.address} is there already; --resume {folder} goes on with it, another --name starts anew")
            if there and there["epoch"] > _epochs(folder):
                raise InputError(
                    f"{self.address} has epoch {there['epoch']}, {folder} only {_epochs(folder)}; "
                    f"move {folder} away, and --resume fetches what is there"
                )
            self._make_folder()
            self._fs.pipe_file(f"{self._root}/check", b"")
            self._fs.rm_file(f"{self._root}/check")
        self._ours = [there]

    def update(self, folder):
        """Copy what has changed in `folder`. A failure is told in a line, once until it is over: no training should end by it."""
        try:
            self._copy(Path(folder))
        except Exception as error:  # each backend raises types of its own
            if not self._behind:
                print(f"warning: {self.address} is not up to date ({_line(error)}); each epoch tries again", flush=True)
            self._behind = True
            return
        if self._behind:
            print(f"{self.address} is up to date again", flush=True)
        self._behind = False

    def fetch(self, folder):
        """Make `folder` of the copy, whole or not at all. Raises InputError where there is none, or it is damaged."""
        folder = Path(folder)
        partial = folder.with_name(f".{folder.name}.part")
        with _told(self.address):
            there = self._manifest()
            if there is None:
                raise InputError(f"there is neither {folder} nor {self.address}; --resume takes a run of this disk, or of --sync")
            try:
                self._fetch(there["files"], partial)
                partial.rename(folder)
            finally:
                shutil.rmtree(partial, ignore_errors=True)

    def _copy(self, folder):
        self._fs.invalidate_cache()
        there = self._manifest()
        if there not in self._ours:
            raise InputError("another training keeps it now")
        known = there["files"] if there else {}
        files = {path.name: self._digest(path) for path in sorted(folder.iterdir()) if _belongs(path)}
        for name, digest in files.items():
            if known.get(name) != digest:
                self._fs.put_file(str(folder / name), self._place(name, digest))
        manifest = {"epoch": _epochs(folder), "files": files}
        self._ours = [there, manifest]  # either may be there if the next call fails
        self._fs.pipe_file(f"{self._root}/{MANIFEST_NAME}.part", json.dumps(manifest, indent=2).encode())
        self._fs.mv(f"{self._root}/{MANIFEST_NAME}.part", f"{self._root}/{MANIFEST_NAME}")
        self._remove_all_but(manifest)

    def _remove_all_but(self, manifest):
        kept = {f"{self._root}/{MANIFEST_NAME}"} | {self._place(*file) for file in manifest["files"].items()}
        for path in self._fs.find(self._root):
            if path not in kept:
                self._fs.rm_file(path)

    def _fetch(self, files, folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, digest in files.items():
            self._fs.get_file(self._place(name, digest), str(folder / name))
            if sha256(folder / name) != digest:
                raise InputError(f"{self._place(name, digest)} is damaged")

    def _manifest(self):
        """{"epoch": the last one, "files": {name: SHA-256}}, or None where no run has been copied to."""
        try:
            text = self._fs.cat_file(f"{self._root}/{MANIFEST_NAME}")
        except FileNotFoundError:
            return None
        try:
            manifest = json.loads(text)
            plain = all(Path(name).name == name and isinstance(digest, str) for name, digest in manifest["files"].items())
            usable = plain and isinstance(manifest["epoch"], int)
        except (ValueError, TypeError, KeyError, AttributeError):
            usable = False
        if not usable:
            raise InputError(f"{self.address}/{MANIFEST_NAME} is damaged")
        return manifest

    def _make_folder(self):
        protocols = {self._fs.protocol} if isinstance(self._fs.protocol, str) else set(self._fs.protocol)
        if not protocols & BUCKETS:
            self._fs.makedirs(self._root, exist_ok=True)

    def _place(self, name, digest):
        path = Path(name)
        return f"{self._root}/{path.stem}-{digest[:16]}{path.suffix}"

    def _digest(self, path):
        """SHA-256 of a file, which is read again only if it has changed."""
        state = path.stat()
        key = path.name, state.st_size, state.st_mtime_ns
        if key not in self._digests:
            self._digests = {other: digest for other, digest in self._digests.items() if other[0] != path.name} | {key: sha256(path)}
        return self._digests[key]


def _belongs(path):
    return path.is_file() and path.suffix in SUFFIXES and not path.name.startswith(".")


def _epochs(folder):
    """How many epochs a run's log.csv has."""
    try:
        return int((folder / "log.csv").read_text(encoding="utf-8").splitlines()[-1].split(",")[0])
    except (OSError, ValueError, IndexError):
        return 0


@contextmanager
def _told(address):
    """Whatever a backend raises becomes an InputError of one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{address} cannot be used: {_line(error)}") from error


def _line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
