import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from modelmonitor.evaluation.errors import EvaluationError, StorageError
from modelmonitor.evaluation.storage import Folder, Purpose, StoredFile, open_folder
from tests.unit.evaluation.conftest import Store

LARGE = bytes(range(256)) * 20_480  # 5 MiB: more than what is fetched whole


@pytest.fixture(params=["local path", "file URI", "S3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    if request.param == "S3":
        store: Store = request.getfixturevalue("store")
        return open_folder(f"s3://{store.bucket}/{tmp_path.name}/", Purpose.DATA, store.environ())
    uri = str(tmp_path) if request.param == "local path" else tmp_path.as_uri()
    return open_folder(uri, Purpose.DATA, {})


def test_what_was_written_is_listed_in_order_and_read_back(folder: Folder) -> None:
    folder.write("date=2013-02-02/b.parquet", b"second")
    uri = folder.write("date=2013-02-01/a.parquet", b"first")
    assert uri.endswith("/date=2013-02-01/a.parquet")
    assert [(file.path, file.size) for file in folder.files()] == [
        ("date=2013-02-01/a.parquet", 5),
        ("date=2013-02-02/b.parquet", 6),
    ]
    assert folder.read("date=2013-02-01/a.parquet") == b"first"


def test_what_other_writers_leave_beside_the_data_is_not_listed(folder: Folder) -> None:
    for path in ("_SUCCESS", ".part-0.crc", "_temporary/0/part.parquet", "part-0.parquet"):
        folder.write(path, b"x")
    assert [file.path for file in folder.files()] == ["part-0.parquet"]


def test_a_files_etag_stays_while_it_does_and_changes_with_its_content(folder: Folder) -> None:
    folder.write("part-0.parquet", b"first")
    (before,), (again,) = folder.files(), folder.files()
    folder.write("part-0.parquet", b"other")
    (after,) = folder.files()
    assert before.etag == again.etag != ""
    assert after.size == before.size
    assert after.etag != before.etag


def test_a_second_writing_replaces_the_first(folder: Folder) -> None:
    folder.write("report.json", b"old and longer")
    folder.write("report.json", b"new")
    assert folder.read("report.json") == b"new"


def test_a_file_is_created_once_and_the_second_time_left_alone(folder: Folder) -> None:
    assert folder.create("decisions/1.json", b"first")
    assert not folder.create("decisions/1.json", b"other")
    assert folder.read("decisions/1.json") == b"first"
    assert [file.path for file in folder.files()] == ["decisions/1.json"]


def test_of_many_that_create_a_file_at_once_one_does(folder: Folder) -> None:
    contents = [str(number).encode() * 1000 for number in range(8)]
    with ThreadPoolExecutor(len(contents)) as pool:
        created = list(pool.map(partial(folder.create, "decisions/1.json"), contents))
    assert sum(created) == 1
    assert folder.read("decisions/1.json") == contents[created.index(True)]


def test_a_file_that_is_not_there_is_none_and_no_error(folder: Folder) -> None:
    folder.write("a", b"x")
    assert folder.read("b") is None


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["fetched whole", "read by ranges"])
def test_a_file_can_be_read_at_any_place(folder: Folder, content: bytes) -> None:
    folder.write("file", content)
    opened = folder.open(StoredFile("file", len(content)))
    opened.seek(len(content) - 3)
    assert opened.read(100) == content[-3:]
    opened.seek(1)
    assert opened.read(4) == content[1:5]


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


Environ = Callable[[Store], Mapping[str, str]]


@pytest.mark.parametrize(
    ("bucket", "environ", "reason", "says"),
    [
        pytest.param("lake", lambda s: s.environ("nobody"), "StorageRefused", "AWS_ACCESS_KEY_ID", id="unknown key"),
        pytest.param(
            "lake",
            lambda s: s.environ() | {"AWS_SECRET_ACCESS_KEY": "hunter2"},
            "StorageRefused",
            "SignatureDoesNotMatch",
            id="wrong secret",
        ),
        pytest.param("no-such-bucket", lambda s: s.environ(), "BucketNotFound", "no-such-bucket", id="missing bucket"),
        pytest.param(
            "lake",
            lambda s: s.environ() | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{closed_port()}"},
            "StorageUnreachable",
            "AWS_ENDPOINT_URL",
            id="nobody listens",
        ),
        pytest.param(
            "lake",
            lambda s: {k: v for k, v in s.environ().items() if k != "AWS_ALLOW_HTTP"},
            "StorageSettingsInvalid",
            "AWS_ALLOW_HTTP",
            id="plain http that nobody allowed",
        ),
    ],
)
def test_trouble_with_a_store_is_told_in_words(
    store: Store, bucket: str, environ: Environ, reason: str, says: str
) -> None:
    with pytest.raises(StorageError) as caught:
        list(open_folder(f"s3://{bucket}/x/", Purpose.DATA, environ(store)).files())
    assert caught.value.reason == reason
    assert says in caught.value.message
    assert f"s3://{bucket}/" in caught.value.message
    assert "hunter2" not in caught.value.message
    assert "secret of" not in caught.value.message


@pytest.mark.parametrize(
    ("prefix", "purpose", "says"),
    [
        ("", Purpose.DATA, "in the environment"),
        ("MODELMONITOR_DATA_", Purpose.DATA, "in the Secret that data.current.files.secretName names"),
        ("MODELMONITOR_MODEL_", Purpose.MODEL, "in the Secret that model.secretName names"),
        ("MODELMONITOR_REPORTS_", Purpose.REPORTS, "in the Secret that reports.secretName names"),
    ],
    ids=["on the command line", "the data's", "the model's", "the reports'"],
)
def test_who_refuses_keys_says_where_they_are_to_be_corrected(
    store: Store, prefix: str, purpose: Purpose, says: str
) -> None:
    with pytest.raises(StorageError, match=says):
        list(open_folder("s3://lake/x/", purpose, store.environ("nobody", prefix)).files())


def test_an_account_that_may_only_read_is_refused_writing(store: Store) -> None:
    with pytest.raises(StorageError) as caught:
        open_folder(f"s3://{store.bucket}/reports/", Purpose.REPORTS, store.environ("reader")).write("a.json", b"{}")
    assert caught.value.reason == "StorageRefused"


def test_each_purpose_has_credentials_of_its_own(store: Store) -> None:
    environ = store.environ("nobody", "MODELMONITOR_DATA_") | store.environ("owner", "MODELMONITOR_REPORTS_")
    uri = f"s3://{store.bucket}/purposes/"
    open_folder(uri, Purpose.REPORTS, environ).write("a", b"x")
    with pytest.raises(StorageError):
        list(open_folder(uri, Purpose.DATA, environ).files())


def test_credentials_of_a_purpose_are_not_completed_from_the_plain_ones(store: Store) -> None:
    """Else one account's key id would go with another's secret, or its session token."""
    plain = store.environ() | {"AWS_SESSION_TOKEN": "of another account"}
    folder = open_folder(f"s3://{store.bucket}/own/", Purpose.DATA, plain | store.environ(prefix="MODELMONITOR_DATA_"))
    assert folder.write("a", b"x")


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        pytest.param("gs://bucket/x", "UriInvalid", id="a store that is not supported"),
        pytest.param("s3:///x", "UriInvalid", id="no bucket"),
        pytest.param("file://host/x", "UriInvalid", id="a file on another host"),
        pytest.param("/no/such/folder", "FolderNotFound", id="a folder that is not mounted"),
    ],
)
def test_an_unusable_uri_is_told(uri: str, reason: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        list(open_folder(uri, Purpose.DATA, {}).files())
    assert caught.value.reason == reason


def test_what_somebody_writes_beside_a_file_may_be_gone_before_it_is_listed(tmp_path: Path) -> None:
    (tmp_path / ".part.parquet.0123").symlink_to("nowhere")
    (tmp_path / "part.parquet").write_bytes(b"x")
    assert [file.path for file in open_folder(str(tmp_path), Purpose.DATA, {}).files()] == ["part.parquet"]


def test_a_file_in_the_place_of_a_folder_is_told_and_not_taken_for_the_file(tmp_path: Path) -> None:
    (tmp_path / "decisions").write_text("a file")
    with pytest.raises(StorageError, match="decisions"):
        open_folder(str(tmp_path), Purpose.REPORTS, {}).create("decisions/1.json", b"x")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(StorageError, match=f"{tmp_path}/a: Is a directory") as caught:
        open_folder(str(tmp_path), Purpose.DATA, {}).read("a")
    assert caught.value.reason == "StorageFailed"
