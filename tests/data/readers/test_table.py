import logging
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_lightning.data.counts import split_counts
from reid_lightning.data.readers.table import read_table
from reid_lightning.data.sample import Sample, Splits
from reid_lightning.errors import ReIDError

OURS = """\
path,pid,camid,split,role,time
train/1.jpg,7,1,train,,10
train/2.jpg,7,2,train,,20
train/3.jpg,12,1,train,person,30
train/4.jpg,0,3,train,,40
query/5.jpg,20,1,query,,50
query/6.jpg,21,2,query,person,60
gallery/7.jpg,20,2,gallery,,70
gallery/8.jpg,20,1,gallery,,80
gallery/9.jpg,21,3,gallery,person,90
gallery/10.jpg,,3,gallery,distractor,100
gallery/11.jpg,-1,1,gallery,,110
gallery/12.jpg,,1,gallery,junk,120
"""
# As its docs have it: is_query and is_gallery are of validation alone, and both may be True.
OML = """\
label,path,split,is_query,is_gallery,category,sequence,x_1,x_2,y_1,y_2
0,images/0_1.jpg,train,,,cat,s1,0,30,5,65
0,images/0_2.jpg,train,,,cat,s1,,,,
1,images/1_1.jpg,train,,,cat,s2,,,,
1,images/1_2.jpg,train,,,cat,s3,,,,
2,images/2_1.jpg,validation,True,True,dog,s4,,,,
2,images/2_2.jpg,validation,True,True,dog,s5,,,,
3,images/3_1.jpg,validation,True,False,dog,s6,,,,
3,images/3_2.jpg,validation,False,True,dog,s7,,,,
3,images/3_3.jpg,validation,False,True,dog,s6,,,,
4,images/4_1.jpg,validation,False,True,dog,s4,,,,
"""
WILDLIFE = """\
image_id,identity,path,bbox,date,species,orientation
a1,Luna,images/1.jpg,"[10.0, 20.0, 30.0, 40.0]",2021-05-01,turtle,left
a2,Luna,images/2.jpg,"[0.0, 0.0, 12.4, 9.6]",2021-05-02,turtle,right
a3,Luna,images/3.jpg,,2021-05-02,turtle,right
b1,Max,images/4.jpg,"[1, 2, 3, 4]",2021-05-01,turtle,left
b2,Max,images/5.jpg,"(1, 2, 3, 4)",2021-05-01,turtle,left
c1,Ida,images/6.jpg,,2021-05-01,turtle,left
c2,Ida,images/7.jpg,,2021-05-01,turtle,left
d1,Tom,images/8.jpg,,2021-05-01,turtle,left
u1,unknown,images/9.jpg,,2021-05-01,turtle,left
u2,unknown,images/10.jpg,,2021-05-01,turtle,left
"""
NONE = {"junk": 0, "distractors": 0}


def read(folder: Path, text: str, root: Path | None = None, **options: float) -> Splits:
    table = folder / "people.csv"
    table.write_text(text, encoding="utf-8")
    return read_table(root, table=table, **options)


def everything(splits: Splits) -> tuple[Sample, ...]:
    return (*splits.train, *splits.query, *splits.gallery)


def test_our_columns(tmp_path: Path) -> None:
    splits = read(tmp_path, OURS)
    assert split_counts(splits) == {
        "train": {"pictures": 4, "identities": 3, "cameras": 3} | NONE,
        "query": {"pictures": 2, "identities": 2, "cameras": 2} | NONE,
        "gallery": {"pictures": 6, "identities": 2, "cameras": 3, "junk": 2, "distractors": 1},
    }
    assert splits.train[0] == Sample(tmp_path / "train" / "1.jpg", 7, 1, time=10)
    assert [s.pid for s in splits.train] == [7, 7, 12, 0]
    assert [s.role for s in splits.gallery] == [*["person"] * 3, "distractor", "junk", "junk"]
    assert [s.time for s in splits.gallery] == [70, 80, 90, 100, 110, 120]


def test_omls_columns(tmp_path: Path) -> None:
    splits = read(tmp_path, OML)
    assert split_counts(splits) == {
        "train": {"pictures": 4, "identities": 2, "cameras": 3} | NONE,
        "query": {"pictures": 3, "identities": 2, "cameras": 3} | NONE,
        "gallery": {"pictures": 5, "identities": 3, "cameras": 4} | NONE,
    }
    assert splits.train[0].box == (0, 5, 30, 65) and splits.train[1].box is None
    assert splits.query[:2] == splits.gallery[:2]  # of one person and camera: no match of itself


def test_omls_columns_without_sequences_have_no_cameras(tmp_path: Path) -> None:
    splits = read(tmp_path, OML.replace("sequence", "of"))
    assert not splits.has_cameras
    assert [s.camid for s in splits.query[:2]] == [s.camid for s in splits.gallery[:2]]
    camids = {s.path: s.camid for s in everything(splits)}
    assert len(camids) == len(set(camids.values())) == 10


@pytest.mark.parametrize("share", [0.3, 0.67])
def test_wildlifes_columns(share: float, tmp_path: Path) -> None:
    splits = read(tmp_path, WILDLIFE, test_share=share)
    tested = {0.3: 1, 0.67: 2}[share]
    assert not splits.has_cameras
    assert len(splits.query) == tested == len({s.pid for s in splits.gallery})
    of_path = {s.path.stem: s for s in everything(splits)}
    assert len(of_path) == len(everything(splits)) == 10
    assert [of_path[str(n)].pid for n in range(1, 11)] == [1, 1, 1, 2, 2, 0, 0, 3, -1, -1]
    assert [of_path[str(n)].box for n in range(1, 6)] == [
        (10, 20, 40, 60), (0, 0, 12, 10), None, (1, 2, 4, 6), (1, 2, 4, 6),
    ]  # fmt: skip
    assert sum(s.role == "junk" for s in splits.train) == 2


def test_people_and_cameras_are_shown_as_the_table_has_them(tmp_path: Path) -> None:
    """A camera 1 is not camera 2, though camids that names stand for count from 0."""
    table = tmp_path / "t.csv"
    rows = [
        f"{i}.jpg,{pid},{camera},{split}"
        for i, (pid, camera, split) in enumerate(
            [("anna", 1, "train"), ("bo", 1, "query"), ("bo", 2, "gallery")]
        )
    ]
    table.write_text("\n".join(["path,pid,camid,split", *rows]))
    splits = read_table(None, table=table)
    samples = [*splits.train, *splits.query, *splits.gallery]
    assert [(s.person, s.taken_by) for s in samples] == [("anna", "1"), ("bo", "1"), ("bo", "2")]


def test_people_and_cameras_may_be_names(tmp_path: Path) -> None:
    text = "path,pid,camid,split\na,Zoë,door,train\nb,bob,hall,query\nc,bob,door,gallery\n"
    splits = read(tmp_path, text)
    assert [(s.pid, s.camid) for s in everything(splits)] == [(0, 0), (1, 1), (1, 0)]


def test_whole_numbers_as_pandas_writes_them_beside_empty_cells(tmp_path: Path) -> None:
    text = (
        "path,pid,camid,split,role,time\na,12.0,1.0,train,,3.0\nb,2.0,10.0,query,,4.0\n"
        "c,-1.0,2.0,gallery,,\nd,,2.0,gallery,distractor,\n"
    )
    samples = everything(read(tmp_path, text))
    assert [s.pid for s in samples] == [12, 2, -1, -1]
    assert [s.camid for s in samples] == [1, 10, 2, 2]
    assert [s.role for s in samples] == ["person", "person", "junk", "distractor"]
    assert [s.time for s in samples] == [3, 4, None, None]


def test_paths_start_from_the_table_or_from_the_root(tmp_path: Path) -> None:
    text = "path,pid,split\nx/a.jpg,1,train\n/abs/b.jpg,2,query\n./c.jpg,2,gallery\n"
    assert [s.path for s in everything(read(tmp_path, text))] == [
        tmp_path / "x/a.jpg", Path("/abs/b.jpg"), tmp_path / "c.jpg",
    ]  # fmt: skip
    splits = read(tmp_path, text, root=Path("/pictures"))
    assert splits.train[0].path == Path("/pictures/x/a.jpg")


def test_an_empty_column_of_cameras_is_none(tmp_path: Path) -> None:
    text = "path,pid,camid,split\na,1,,train\nb,2,nan,query\nc,2,,gallery\n"
    assert not read(tmp_path, text).has_cameras


def test_crops_of_one_file_have_cameras_of_their_own(tmp_path: Path) -> None:
    head = "path,pid,split,x_1,y_1,x_2,y_2\n"
    rows = "a,1,train,0,0,9,9\nb,2,query,0,0,9,9\nb,2,gallery,10,0,19,9\nb,2,gallery,0,0,9,9\n"
    splits = read(tmp_path, head + rows)
    assert [s.camid for s in everything(splits)] == [0, 1, 2, 1]
    assert len({s.picture for s in splits.gallery}) == 2


def test_unknown_columns_are_named_and_near_misses_asked_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    read(tmp_path, "path,pid,cam,split,weather\na,1,3,train,sun\nb,2,3,query,rain\n")
    assert "the columns cam, weather are not used" in caplog.text
    assert "should the column cam be camid?" in caplog.text and "weather be" not in caplog.text


def test_columns_of_wildlife_and_oml_are_no_near_misses(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read(tmp_path, WILDLIFE)
    read(tmp_path, OML)
    assert not caplog.text


def test_distractors_of_a_table_without_splits_are_in_the_gallery(tmp_path: Path) -> None:
    rows = "".join(f"{pid}{n},{pid},\n" for pid in "abc" for n in range(2))
    splits = read(tmp_path, f"path,pid,role\n{rows}s1,,distractor\ns2,,distractor\n")
    assert [s.role for s in splits.train] == ["person"] * 4
    assert [s.role for s in splits.gallery] == ["person", "distractor", "distractor"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no column path: it has none"),
        ("\n\n", r"no column path: it has none"),
        ("pid\n1\n", r"no column path: it has pid"),
        ("path,person\na,1\n", r"no column pid \(or label, or identity\): it has path, person"),
        ("path,pid,pid\na,1,1\n", r"several columns of the name pid"),
        ("path,pid,split\na,1\n", r"line 2: there are 2 cells, and 3 columns"),
        ("path,pid,split\na,1,train,x\n", r"line 2: there are 4 cells, and 3 columns"),
        ('path,pid\n"a,1\n', r"people\.csv, line \d"),
        ('path,pid\n"a"b,1\n', r"people\.csv, line 2: "),
        (f"path,pid\n{'a' * 200_000},1\n", r"people\.csv, line 2: field larger"),
        ("path,pid,split\n,1,train\n", r"line 2: path is empty"),
        ("path,pid,split\na,,train\n", r"line 2: pid is empty: who is on the picture"),
        ("path,label,split\na,nan,train\n", r"line 2: label is empty: who is on the picture"),
        ("path,pid,camid,split\na,1,,train\nb,1,2,train\n", r"line 2: camid is empty"),
        (
            "path,pid,split\na,1,Train\n",
            r"line 2: the split 'Train' is unknown: did you mean train",
        ),
        ("path,pid,split\na,1,validation\n", r"the split 'validation' is unknown"),
        ("path,pid,split\na,1,\n", r"the split '' is unknown"),
        ("path,pid,split,is_query,is_gallery\na,1,validation,yes,0\n", r"is_query=yes must be"),
        ("path,pid,split,is_query,is_gallery\na,1,val,0,\n", r"line 2: neither is_query nor"),
        ("path,pid,split,role\na,1,train,people\n", r"role=people must be one of: person, dist"),
        *(
            (f"path,pid,split,time\na,1,train,{time}\n", rf"line 2: time={time[:9]}.* must be")
            for time in ("12:00", "1.5", "-3", "1e400", "inf", "9e99", "9" * 400)
        ),
        *(
            (f"path,pid,split,x_1,y_1,x_2,y_2\na,1,train,{box}\n", r"line 2: (x_1|the box)")
            for box in (
                *("1,2,,", "nan,2,3,4", "1,2,inf,4", "1,2,1e400,4", "a,b,c,d", "5,5,5,9"),
                *("9,9,1,1", "1,2,3,1e17", "0,0,0.4,9"),
            )
        ),
        *(
            (f'path,pid,split,bbox\na,1,train,"{box}"\n', r"line 2: (bbox|the box)")
            for box in (
                *("1", "[1, 2, 3]", "[1, 2, 3, 4, 5]", "[1, 2, nan, 4]", "[1, 2, NaN, 4]"),
                *("[1, 2, null, 4]", "[1, 2, 0, 4]", "[1, 2, -3, 4]", "[1, 2, 3, Infinity]"),
                *("[1, 2, 1e400, 4]", "[[1], 2, 3, 4]", "[" * 10_000, "true", "{}", "x"),
                f"[{'9' * 400}, 2, 3, 4]",
                f"[{'9' * 5000}, 2, 3, 4]",
            )
        ),
    ],
)
def test_what_makes_no_sense_is_a_sentence(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize("text", ["path,pid,split\n", "path,pid,split\n\n,,\n"])
def test_a_head_alone_has_empty_splits(text: str, tmp_path: Path) -> None:
    assert not everything(read(tmp_path, text))


def test_a_head_alone_without_splits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReIDError, match="leaves nobody to test on: of 0 people"):
        read(tmp_path, "path,pid\n")


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=5)
GRID = st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=8)


@given(rows=GRID, random=st.randoms())
def test_the_order_of_rows_changes_no_number(
    rows: list, random: Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def numbers(rows: list) -> set:
        quoted = [[cell.replace('"', '""') for cell in row] for row in rows]
        text = "".join(f'{n}.jpg,"{a}","{b}",train\n' for n, (a, b) in enumerate(quoted))
        try:
            splits = read(tmp_path_factory.getbasetemp(), f"path,pid,camid,split\n{text}")
        except ReIDError as error:
            assert "is empty" in str(error)
            return set()
        return {(*row, s.pid, s.camid) for row, s in zip(rows, splits.train, strict=True)}

    before = numbers(rows)
    random.shuffle(rows)
    assert numbers(rows) == before
