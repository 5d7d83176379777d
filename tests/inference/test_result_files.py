"""What a search writes: a table, a CSV file, a page that shows pictures and runs nothing."""

import csv
from pathlib import Path

from reid_lightning.data.pictures import Picture
from reid_lightning.inference.picture_list import ListedPicture, list_pictures_of
from reid_lightning.inference.result_files import result_table, write_csv, write_page
from reid_lightning.inference.search import Found, SearchResult


def some_results(pictures: Path) -> list[SearchResult]:
    query, *others = list_pictures_of(pictures)
    hostile = ListedPicture(Picture(Path("<script>x</script>.png")), "<b>", None, 7)
    found = [Found(p, 0.9 - n / 10) for n, p in enumerate([*others[:2], hostile])]
    return [SearchResult(query, found), SearchResult(others[0], [])]


def test_the_csv_has_a_row_a_result(pictures: Path, tmp_path: Path) -> None:
    results = some_results(pictures)
    write_csv(results, tmp_path / "a.csv")
    rows = list(csv.DictReader((tmp_path / "a.csv").open(encoding="utf-8")))
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert rows[0] == {
        "query": str(results[0].query.picture.path),
        "query_pid": "0000",
        "query_camid": "1",
        "rank": "1",
        "path": str(results[0].found[0].picture.picture.path),
        "similarity": "0.900000",
        "pid": "0000",
        "camid": "2",
        "time": "",
        "box": "",
        "threshold": "",
    }


def test_the_page_holds_the_pictures_and_no_code_of_names(pictures: Path, tmp_path: Path) -> None:
    write_page(some_results(pictures), tmp_path / "a.html", "2 searched.")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 4  # two queries and two results
    assert "&lt;script&gt;" in page and "<script" not in page
    assert "not shown: there is no such file" in page
    assert "http" not in page.replace("data:", "")


def test_of_many_queries_the_page_shows_the_first(pictures: Path, tmp_path: Path) -> None:
    many = some_results(pictures)[1:] * 102
    write_page(many, tmp_path / "a.html", "many.")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "The first 100 of 102 queries are shown" in page and page.count("<section>") == 100
    assert "and the results of 92 more pictures" in result_table(many)


def test_the_table_has_the_results(pictures: Path) -> None:
    table = result_table(some_results(pictures))
    assert "0.900" in table and "0000_c2s1_000001_00.png" in table
