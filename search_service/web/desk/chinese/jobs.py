"""What came of jobs, why they failed, and what checks of a new generation found."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "{first}; {then}": "{first}；{then}",
    "and {more} more": "还有 {more} 处",
    # Imports and reconciliations
    "read {read:,}: {created:,} created, {updated:,} updated, {unchanged:,} unchanged, {rejected:,} rejected": (
        "读了 {read:,} 条：新增 {created:,}，更新 {updated:,}，没有变化 {unchanged:,}，没有收下 {rejected:,}"
    ),
    "{counts}, {skipped:,} skipped": "{counts}，略过 {skipped:,}",
    "{counts}, {deleted:,} deleted": "{counts}，删除 {deleted:,}",
    "put right and import again: {rejects}": "没有收下的，改正后再导入一次",
    "read {read:,}, compared with {compared:,} articles of the store: {same:,} same, {missing:,} missing, {stale:,} stale, {orphaned:,} orphaned, {rejected:,} rejected": (
        "读了 {read:,} 条，和稿库的 {compared:,} 篇文章核对：相同 {same:,}，稿库缺 {missing:,}，内容不同 {stale:,}，来源已没有 {orphaned:,}，没有收下 {rejected:,}"
    ),
    "{stored:,} stored, {deleted:,} deleted": "存入 {stored:,} 篇，删除 {deleted:,} 篇",
    "{state}: {ids}": "{state}：{ids}",
    "{state}: {ids} and {more:,} more": "{state}：{ids} 等，另有 {more:,} 篇",
    "nothing was changed: {why}": "什么也没有改动：{why}",
    "the source holds no article, and the store {compared:,} of it: delete articles with 'python -m indexer delete' if that is meant": (
        "来源里一篇文章也没有，稿库里有 {compared:,} 篇。请检查来源"
    ),
    "{orphaned:,} of {compared:,} articles of the store are not in the source, which is more than one in {most}: see whether it is whole and the right one, name its part of the store with --only, or give --force": (
        "稿库的 {compared:,} 篇里有 {orphaned:,} 篇来源里没有，超过了 {most} 分之一。请检查来源是否完整、是否就是这一个；确实如此，再用 --force"
    ),
    "{nameless:,} records were rejected that name no id, so {orphaned:,} orphaned articles may be theirs: put these right, or give --force": (
        "没有收下的记录里有 {nameless:,} 条没有编号，来源已没有的 {orphaned:,} 篇文章可能就是它们。请先改正，或用 --force"
    ),
    "the process that prepares articles {fate}: what was stored before stays stored; look for its message above and at the memory of the machine, then ingest again": (
        "处理文章的进程{fate}。已经存好的不会丢。请检查服务器的内存和日志，再导入一次"
    ),
    "was killed by signal {number}": "被系统结束（信号 {number}）",
    "ended with exit code {number}": "意外退出（代码 {number}）",
    # Generations
    "generation {name} is live": "版本 {name} 已经上线",
    "generation {name} is live: {figures}": "版本 {name} 已经上线：{figures}",
    "generation {name} is complete and waits: {figures}": "版本 {name} 已经建好，还没有上线：{figures}",
    "{articles:,} articles, revision {revision:,}, {seconds:,.1f} s": "{articles:,} 篇文章，用时 {seconds:,.1f} 秒",
    "generation {name} is complete and not live, for checks failed: {why}": "版本 {name} 已经建好，没有上线，因为有检查没有通过：{why}",
    "checks failed ({why})": "有检查没有通过（{why}）",
    "segments could not be merged ({why})": "索引文件没有合并（{why}），搜索会慢一些",
    "generation {name} failed its checks and is not live ({why}): see 'python -m indexer generations checks {name}', and if it is right all the same, run 'python -m indexer generations promote {name} --force'": (
        "版本 {name} 有检查没有通过，没有上线（{why}）。请在“版本”里看检查结果；差别是你想要的，就在那里选“仍然启用”"
    ),
    "generation {name} failed its check and was not promoted ({why}): the live index is untouched; check the disk, then run 'python -m indexer rebuild' again": (
        "版本 {name} 不完整，没有上线（{why}）。线上版本没有变。请检查磁盘，再重建一次"
    ),
    "articles: {held}, in the store: {articles}": "里面有 {held} 篇文章，稿库有 {articles} 篇",
    "a process of the rebuild failed: {why}": "重建的一个进程失败：{why}。线上版本没有变",
    "a process of the rebuild {fate}: the live index is untouched; look for its message above and at the memory of the machine, then try again with a smaller --processes": (
        "重建的一个进程{fate}。线上版本没有变。请检查服务器的内存，再重建一次"
    ),
    "a rebuild needs about {needed:,.0f} MB and the disk of {folder} has {free:,.0f} MB free: nothing was begun; run 'python -m indexer generations prune --keep 1', make room, or name another folder in SEARCH_INDEX_DIR": (
        "磁盘空间不够：重建大约要 {needed:,.0f} MB，只剩 {free:,.0f} MB。什么也没有做。请腾出空间再重建"
    ),
    "generation {name} is sound, {articles:,} articles": "版本 {name} 完好，有 {articles:,} 篇文章",
    "generation {name}: {why}": "版本 {name} 有问题：{why}",
    "manifest of generation {name} is damaged: {why}": "版本 {name} 的说明文件损坏：{why}",
    "the index does not hold the store (articles: {held}, in the store: {articles})": "索引和稿库对不上：索引里有 {held} 篇，稿库有 {articles} 篇。请重建",
    "it does not match the store: the store was replaced or restored, or the index lost articles": "和稿库对不上：稿库换过或恢复过，或者索引丢了文章",
    "it holds other words than the index was made with": "里面的词和建索引时的不一样",
    "looked at {articles:,} articles: {changed:,} changed group": "查了 {articles:,} 篇文章，{changed:,} 篇的重复关系有变化",
    # Words
    "nothing to do: the live index was made with these words": "没有要应用的改动：线上版本用的就是现在的分词词表",
    "the live index was made with these words": "线上版本用的就是现在的分词词表",
    "articles indexed anew: {touched:,}": "重新切分了 {touched:,} 篇文章",
    "added {words}": "加入 {words}",
    "removed {words}": "去掉 {words}",
    "{words} and {more} more": "{words} 等，另有 {more} 个",
    "the words touch {touched:,} of {articles:,} articles": "{articles:,} 篇文章里有 {touched:,} 篇含有这些词，所以全部重建",
    "the live index has the format of another release": "线上版本是别的程序版本建的，所以全部重建",
    "another release or another engine made the live index": "线上版本是别的程序版本或引擎建的，所以全部重建",
    "the live index does not match the store": "线上版本和稿库对不上，所以全部重建",
    "{changes}: {touched}; {queries}": "{changes}：{touched}；{queries}",
    "about {touched:,} of {articles:,} articles are touched": "{articles:,} 篇文章里大约有 {touched:,} 篇要重新切分",
    "{touched:,} of {articles:,} articles are touched": "{articles:,} 篇文章里有 {touched:,} 篇要重新切分",
    "of {asked:,} recorded queries {moved:,} change their first page": "最近 {asked:,} 个搜索词里，{moved:,} 个的第一页会变",
    "the words touch so many articles that applying them means a rebuild": "涉及的文章太多，应用就等于重建，没有比较读者的搜索",
    "nobody asks the index as readers do": "这项任务没有带上搜索服务，没有比较读者的搜索",
    "readers' queries cannot be read ({why})": "查询日志读不出来，没有比较读者的搜索（{why}）",
    "no query of a reader is recorded": "还没有读者的搜索词",
    # Ends
    "cancelled before it began": "还没有开始就取消了",
    "cancelled; its runner died meanwhile": "已取消；执行任务的进程在这期间意外结束",
    "cancelled: {so_far}": "已取消：{so_far}",
    "in phase {phase}, {done:,} of {total:,}": "做到“{phase}”，{total:,} 里的 {done:,}",
    "its runner died before the end: start it again": "执行任务的进程意外结束，没有做完，请再做一次",
    "its runner died {times} times before the end": "执行任务的进程意外结束了 {times} 次。可能是文件太大或内存不够，请看服务器的日志",
    "stopped with the service: start it again": "服务停止，没有做完，请再做一次",
    "{place}: {why}": "{place}：{why}",
    "{error}: {why}": "程序出错，没有做完。请把任务的编号和下面的原话转给维护系统的人：{error}，{why}",
    # Failures
    "setting {name}={value!r}: {why}": "设置 {name}=“{value}”不能用，请管理员改正：{why}",
    "{package} is not installed: run 'pip install -r {requirements}'": "服务器上没有安装 {package}，请管理员安装 {requirements} 里的依赖",
    "article store {url}: {why}": "稿库暂时用不了，请稍后再做一次。总是这样，请转告维护系统的人：{why}",
    "article store {url} never held an article, and generation {generation} holds {articles:,}: nothing was rebuilt and the index answers on; set SEARCH_STORE_URL right, restore the store or ingest into it, or remove {root} to begin anew": (
        "稿库是空的，版本 {generation} 却有 {articles:,} 篇文章，可能连错了稿库。什么也没有重建，搜索照常。请管理员检查 SEARCH_STORE_URL，或恢复稿库"
    ),
    "article store {url} has schema {found}, which this release does not know: run the newer release that wrote it": "稿库是更新的程序版本写的，请管理员升级程序",
    "query log {url}: {why}": "查询日志用不了：{why}",
    "there is no index in {root} yet: run 'python -m indexer rebuild'": "还没有线上版本，请先重建",
    "generation {name!r} is not in {root}: see 'python -m indexer generations list', or run 'python -m indexer rebuild'": "没有版本 {name}，它可能已经清理掉。请看“版本”，或重建",
    "no generation in {root} is older than the live one ({live}): see 'python -m indexer generations list', or run 'python -m indexer rebuild'": "没有比 {live} 更早上线过的版本，退不回去",
    "OpenSearch at {url}: {why}": "OpenSearch 没有应答，或拒绝了请求（{why}）",
    "manifest {path} is damaged ({why}): run 'python -m indexer rebuild'": "版本的说明文件损坏（{why}），请重建",
    "index {path} is damaged ({why}): run 'python -m indexer rebuild', or go back with 'python -m indexer generations rollback'": "索引损坏（{why}），请重建，或退回上一个版本",
    "generation {generation} has {age} format than this program's ({found}, not {expected}): run 'python -m indexer rebuild'": "版本 {generation} 是{age}的程序建的，现在的程序用不了，请重建",
    "the index was made with fingerprint {found}, this program makes {expected}: run 'python -m indexer rebuild'": "索引是用别的设置或程序版本建的，请重建",
    "{holder} is writing to {path}: wait until it has finished, then try again": "{holder}正在写索引，请等它做完再试",
    "another process": "另一个进程",
    "process {number} ({purpose})": "另一个进程（{number}，{purpose}）",
    "{path} cannot be written ({why}): {advice}, or choose another folder": "写不进 {path}（{why}）。请管理员{advice}",
    # Checks
    "{check}: {detail}": "{check}：{detail}",
    "{articles:,.0f} articles, as in the store": "{articles:,.0f} 篇文章，和稿库一致",
    "every byte is as it was written": "文件和写入时完全一样",
    "{held:,.0f} of {queries:,.0f} golden queries find their articles": "{queries:,.0f} 个必查查询，{held:,.0f} 个的第一页有该有的文章",
    "of the last {queries:,.0f} queries {after:.1f} % find nothing, and {before:.1f} % in the live index": "最近 {queries:,.0f} 个搜索词，{after:.1f}% 没有结果；线上版本是 {before:.1f}%",
    "{missing:,.0f} of {articles:,.0f} sampled articles are not on the first page of their titles": "抽查 {articles:,.0f} 篇文章，用自己的标题搜，{missing:,.0f} 篇不在第一页",
    "the first pages of {queries:,.0f} queries keep {kept:.0f} % of their articles, {changed:,.0f} of them changed": "{queries:,.0f} 个搜索词的第一页，保留了 {kept:.0f}% 的文章，{changed:,.0f} 个有变化",
    "this rebuild was started without the search service, which asks an index": "这次重建没有带上搜索服务，没法试搜",
    "the editors' list golden is empty": "必查查询表是空的",
    "there is no live index to compare with": "当时没有线上版本可比",
    "the live index cannot be read ({why})": "当时的线上版本读不出来",
    "the query log is off or cannot be read: {why}": "查询日志没有开启，或者读不出来",
    "no recorded query found an article that readers may still see": "读者的搜索词都没有找到现在还看得到的文章",
    "readers may see no article": "没有读者看得到的文章",
}  # fmt: skip
