"""All errors that HTTP answers with: stable code, status, meaning and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of error: ``meaning`` and ``remedy`` are for programmers, ``heading`` and ``advice`` for readers."""

    name: str
    status: int
    title: str
    meaning: str
    remedy: str
    heading: str
    advice: str
    retry_after: int | None = None


CODES: Final = {
    code.name: code
    for code in (
        Code(
            "invalid_parameter",
            400,
            "A parameter cannot be used",
            "At least one parameter is unknown, has a second value but takes one, or has a value that is not allowed.",
            "The member errors names each wrong parameter, its value and what is allowed.",
            "这个地址里有一处看不懂",
            "请改正地址，或回到首页重新搜索。",
        ),
        Code(
            "invalid_article",
            400,
            "The article cannot be accepted",
            "The body is no JSON object, or a field has a value that an article cannot have.",
            "The detail names the field and the reason. Correct it and send the article again.",
            "文章无法保存",
            "请按提示修改后再试。",
        ),
        Code(
            "bad_request",
            400,
            "The request cannot be read",
            "The request is not valid HTTP, or asks for something that this server does not do.",
            "Correct the request.",
            "这个请求无法读取",
            "请回到首页重新搜索。",
        ),
        Code(
            "key_missing",
            401,
            "This needs an API key",
            "The route needs an API key, and the request has none.",
            "Send the key as 'Authorization: Bearer KEY'. 'python -m search_service keys create' makes one.",
            "这里需要密钥",
            "请向网站管理员索取访问权限。",
        ),
        Code(
            "key_invalid",
            401,
            "The API key does not work",
            "The key in the header Authorization is unknown, expired or revoked. It is refused even where none is needed.",
            "Send another key. 'python -m search_service keys create' makes one.",
            "密钥无效",
            "密钥可能已经过期或被撤销，请联系网站管理员。",
        ),
        Code(
            "key_scope",
            403,
            "The API key is for something else",
            "The key works, but its scope does not cover this route.",
            "Send a key of the scope that detail names, or an admin key.",
            "没有权限",
            "这个密钥不能用在这里，请联系网站管理员。",
        ),
        Code(
            "key_origin",
            403,
            "The API key is for other pages",
            "The key is for pages of certain origins. The request comes from a page of another one, or names none in Origin or Referer.",
            "Make a key for the page's origin with 'python -m search_service keys create --origin ORIGIN'; for a back end, make one without.",
            "没有权限",
            "这个密钥只能用在指定网站的页面上，请联系网站管理员。",
        ),
        Code(
            "origin_not_allowed",
            403,
            "Pages of this origin do not count",
            "A click or a view comes from a page of an origin that neither SEARCH_ORIGINS nor its key lists. Nothing was counted.",
            "Add the origin of the page to SEARCH_ORIGINS, and restart the service.",
            "没有权限",
            "请联系网站管理员。",
        ),
        Code(
            "writing_off",
            403,
            "Writing is off",
            "There is no active key of the scope write or admin, so nobody can write.",
            "Run 'python -m search_service keys create --scope write'. No restart is needed.",
            "不能写入",
            "写入功能没有开启，请联系网站管理员。",
        ),
        Code(
            "not_found",
            404,
            "There is nothing at this address",
            "No route has this path.",
            "See /docs for the routes.",
            "没有这个页面",
            "地址可能写错了，或者页面已经移走。",
        ),
        Code(
            "article_not_found",
            404,
            "There is no such article",
            "The id is unknown, or its article is not shown: a draft, withdrawn, expired, or not yet published.",
            "Check the id. Do not link to the article.",
            "没有这篇文章",
            "它可能已经撤下，或者地址写错了。",
        ),
        Code(
            "job_not_found",
            404,
            "There is no such job",
            "No job has this id.",
            "See /api/v1/admin/jobs for the jobs.",
            "没有这个任务",
            "地址可能写错了。",
        ),
        Code(
            "method_not_allowed",
            405,
            "This method is not allowed here",
            "This route does not take this method; most take GET and HEAD only.",
            "Use one of the methods in the header Allow.",
            "不支持这种请求方式",
            "请回到首页重新搜索。",
        ),
        Code(
            "request_timeout",
            408,
            "The request took too long",
            "The body of the request did not come in time, or came too slowly.",
            "Send the body at once. Trying again is safe.",
            "请求超时",
            "请检查网络，稍后再试。",
        ),
        Code(
            "job_waiting",
            409,
            "A job of this kind is queued or running",
            "The job was not added, because one of the same kind with other arguments has not ended yet.",
            "The header Location has the address of that job. Wait until it ends, or cancel it first.",
            "这项任务已在进行",
            "请等它结束后再试。",
        ),
        Code(
            "condition_failed",
            412,
            "The article has changed meanwhile",
            "The article is not in the state that If-Match or If-None-Match demands. Nothing was changed.",
            "Read the article as it is stored, then decide.",
            "文章已被修改",
            "请重新读取后再试。",
        ),
        Code(
            "rate_limited",
            429,
            "Too many requests",
            "The address of the client sent more requests than SEARCH_RATE_LIMIT allows, or the key was used more often than its limit allows.",
            "Try again after the seconds that Retry-After names. The detail says which limit it is. A key for a back end may have none.",
            "访问太频繁",
            "请稍等片刻再试。",
        ),
        Code(
            "internal_error",
            500,
            "The server failed",
            "A fault of ours. It was logged under the request_id of the answer.",
            "Report the request_id. Trying again is safe.",
            "出错了",
            "这是我们的问题，已经记录下来。请稍后再试。",
        ),
        Code(
            "overloaded",
            503,
            "Too much is asked at once",
            "The index did not get to this request within the time limit, too many requests wait for it or change "
            "articles, or too many large bodies are being received.",
            "Try again after the seconds that Retry-After names. SEARCH_WORKERS adds processes.",
            "现在搜索的人太多",
            "请过几秒钟再试一次。",
            retry_after=2,
        ),
        Code(
            "store_unavailable",
            503,
            "The store cannot be used",
            "The database of the articles and keys cannot be opened, or is locked. Searches without a key do not need it.",
            "Try again after the seconds that Retry-After names. The log says why.",
            "服务暂时不可用",
            "请过几秒钟再试一次。",
            retry_after=5,
        ),
        Code(
            "index_missing",
            503,
            "There is no index yet",
            "No index was built, or the live one is no longer on disk.",
            "Run 'python -m indexer rebuild', then try again. No restart is needed.",
            "搜索暂时不可用",
            "索引还没有建好，请稍后再来。",
            retry_after=10,
        ),
        Code(
            "index_format",
            503,
            "The index has the format of another release",
            "The live index was made by an older or a newer release, and this one cannot read it: it needs a rebuild.",
            "Run 'python -m indexer rebuild', then try again. No restart is needed.",
            "搜索暂时不可用",
            "程序已经更新，索引需要重建，请稍后再来。",
            retry_after=60,
        ),
        Code(
            "index_damaged",
            503,
            "The index cannot be read",
            "Files of the live index are damaged.",
            "Run 'python -m indexer rebuild', or roll back with 'python -m indexer generations rollback'.",
            "搜索暂时不可用",
            "索引出了故障，正等待修复，请稍后再来。",
            retry_after=60,
        ),
        Code(
            "index_unavailable",
            503,
            "The index cannot be reached",
            "The cluster that holds the live index does not answer, or refuses what is asked of it.",
            "Try again after the seconds that Retry-After names. The log says why. Nothing needs a rebuild.",
            "搜索暂时不可用",
            "请过几秒钟再试一次。",
            retry_after=5,
        ),
    )
}
