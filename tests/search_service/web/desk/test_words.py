"""The list of words at the desk: what it would change, and the jobs that find out more and apply it."""

from __future__ import annotations

from tests.search_service.web.desk.newsdesk import Newsdesk
from tests.search_service.web.desk.test_lists import noted, put
from tests.search_service.web.desk.test_queries import entries
from tests.search_service.web.portal import visible_text


def test_pending_words_show_which_titles_would_be_cut_otherwise(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    assert "没有等待应用的改动" in editor.page("/desk/lists/words/apply")
    put(newsdesk, "words", "溪小学", "-观察")
    page = editor.page("/desk/lists/words/apply")
    text = visible_text(page)
    assert "溪小学" in text
    assert "观察（不当作一个词）" in text
    assert "25 篇文章要重新切分，共 31 篇" in text
    assert "<span>云</span><span>溪小学</span>" in page


def test_a_word_for_a_query_is_tried_out_without_being_kept(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    fields = {"q": "溪小学", "choice": "words", "word": "溪小学"}
    tried = editor.post("/desk/queries/try", **fields)
    assert "应用分词词表以后" in tried.text
    assert "<span>云</span><span>溪小学</span>" in tried.text
    assert entries(newsdesk, "words") == []
    done = editor.post("/desk/queries/choose", **fields)
    assert "应用词表以后生效" in editor.page(done.location)
    assert entries(newsdesk, "words") == ["溪小学"]


def test_editors_start_the_jobs_of_the_list_once_at_a_time(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    for kind, path in (("preview", "preview"), ("words", "apply")):
        for _ in range(2):
            done = editor.post(f"/desk/lists/words/{path}")
            assert f"任务 {newsdesk.services.jobs.list(size=1, state=None)[0].id}" in editor.page(
                done.location
            )
        queued = newsdesk.services.jobs.list(size=9, state="queued")
        assert sum(each.kind == kind for each in queued) == 1
    assert "排队中" in editor.page("/desk/lists/words/now")


def test_a_new_word_is_taken_or_refused(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    assert "没有新词要定" in editor.page("/desk/lists/words/new")
    editor.post("/desk/lists/words/new", word="云溪", do="accept")
    editor.post("/desk/lists/words/new", word="溪水", do="refuse")
    assert entries(newsdesk, "words") == ["云溪", "-溪水"]
    assert [each[3] for each in noted(newsdesk)] == [["云溪"], ["-溪水"]]
    assert editor.post("/desk/lists/words/new", word="", do="accept").status_code == 400


def test_a_page_that_waits_for_a_job_is_told_when_to_load_anew(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    put(newsdesk, "words", "溪小学")
    assert "data-reload" not in editor.page("/desk/lists/words/now")
    editor.post("/desk/lists/words/apply")
    page = editor.page("/desk/lists/words/apply")
    assert "/desk/lists/words/now?waits=on" in page
    assert "有一项任务还没有做完" in page
    assert "data-reload" not in editor.page("/desk/lists/words/now?waits=on")
    newsdesk.services.jobs.cancel(1)
    assert "data-reload" in editor.page("/desk/lists/words/now?waits=on")
    assert "data-reload" not in editor.page("/desk/lists/words/now")
