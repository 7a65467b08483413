from __future__ import annotations

from itertools import chain

import pytest

from indexer.analysis.characters import fold_literal
from indexer.analysis.pinyin import MAX_READINGS, pronunciations, syllables, units
from indexer.analysis.readings import all_readings
from indexer.analysis.typed import key_of, read_typed

# Names, places and everyday words in which a character is not read as it usually is, as readers type them. All
# were written before they were tried. The rules were then mended for 7 of the first 167, and not for the last 50.
TYPED_SO = """
曾宝仪 zengbaoyi, 曾舜晞 zengshunxi, 曾毅 zengyi, 曾春蕾 zengchunlei, 曾庆红 zengqinghong, 单霁翔 shanjixiang,
单田芳 shantianfang, 单士元 shanshiyuan, 单欢欢 shanhuanhuan, 朴智妍 piaozhiyan, 朴宝剑 piaobaojian, 朴赞郁 piaozanyu,
朴泰夏 piaotaixia, 解清帅 xieqingshuai, 解缙 xiejin, 解放路 jiefanglu, 解珍 xiezhen, 仇保兴 qiubaoxing, 仇子龙 qiuzilong,
查慎行 zhashenxing, 查英 zhaying, 查文斌 zhawenbin, 翟欣欣 zhaixinxin, 翟天临 zhaitianlin, 翟美卿 zhaimeiqing, 区志航 ouzhihang,
区楚良 ouchuliang, 盖聂 genie, 盖博 gebo, 缪昌文 miaochangwen, 缪晓春 miaoxiaochun, 乐嘉 yuejia, 乐嘉 lejia, 乐靖宜 lejingyi,
员娅楠 yunyanan, 种丹妮 chongdanni, 覃辉 qinhui, 覃塘区 qintangqu, 召忠 shaozhong, 冼东妹 xiandongmei, 秘建虎 bijianhu,
牟其中 mouqizhong, 牟林 moulin, 宓子贱 fuzijian, 隗静 weijing, 谌龙 chenlong, 谌贻琴 shenyiqin, 繁钦 poqin, 句践 goujian,
郇政 xunzheng, 尉迟琳嘉 yuchilinjia, 尉健行 weijianxing, 乜国栋 nieguodong, 折可求 shekeqiu, 长孙皇后 zhangsunhuanghou,
任达华 rendahua, 任嘉伦 renjialun, 华罗庚 hualuogeng, 华晨宇 huachenyu, 佛罗伦萨 foluolunsa, 佛得角 fodejiao,
斯德哥尔摩 sidegeermo, 尤文图斯 youwentusi, 米勒 mile, 穆勒 mule, 布什 bushi, 曼什 manshi, 柏芝 bozhi, 柏林赫塔 bolinheta,
张柏芝 zhangbozhi, 薄熙来 boxilai, 薄一波 boyibo, 都美竹 dumeizhu, 都灵队 dulingdui, 何炅 hejiong, 王焘 wangtao,
张国焘 zhangguotao, 田长霖 tianchanglin, 李长春 lichangchun, 张朝阳 zhangchaoyang, 王重阳 wangchongyang, 陈传书 chenchuanshu,
藏天朔 zangtianshuo, 臧天朔 zangtianshuo, 范长江 fanchangjiang, 朱重八 zhuchongba, 万俟洛 moqiluo, 澹台灭明 tantaimieming,
令狐楚 linghuchu, 尉缭 weiliao, 冯骥才 fengjicai, 洗星海 xianxinghai, 晁盖 chaogai, 贾宝玉 jiabaoyu, 宿茂臻 sumaozhen,
相里勤 xiangliqin, 阿房女 efangnv, 郗超 xichao, 郄文豪 qiewenhao, 邢傲伟 xingaowei, 粘一鸣 nianyiming, 过百龄 guobailing,
盛一伦 shengyilun, 那英 naying, 撒贝宁 sabeining, 车晓 chexiao, 蔚县 yuxian, 乐亭 laoting, 乐清 leqing, 乐山大佛 leshandafo,
歙县 shexian, 铅山县 yanshanxian, 铅山县 qianshanxian, 枞阳县 zongyangxian, 六安瓜片 luanguapian, 六合区 luhequ,
东阿阿胶 donge'ejiao, 莘县 shenxian, 莘庄镇 xinzhuangzhen, 泌阳县 biyangxian, 井陉县 jingxingxian, 黄陂区 huangpiqu,
牟平区 mupingqu, 荥阳市 xingyangshi, 荥经县 yingjingxian, 珲春 hunchun, 台州市 taizhoushi, 丽水市 lishuishi, 宿州 suzhou,
漯河 luohe, 渑池 mianchi, 大埔县 dabuxian, 尼泊尔 niboer, 秘鲁 bilu, 吐蕃 tubo, 龟兹 qiuci, 大厦 dasha, 大厦 daxia,
厦门大学 xiamendaxue, 血糖 xuetang, 流血 liuxie, 贝壳 beike, 主角 zhujiao, 主角 zhujue, 配角 peijue, 口角 koujiao, 薄荷 bohe,
曝光 baoguang, 暴露 baolu, 露面 loumian, 说服 shuofu, 模样 muyang, 模样 moyang, 给予 jiyu, 给予 geiyu, 会计 kuaiji, 粘贴 zhantie,
荨麻疹 xunmazhen, 荨麻疹 qianmazhen, 剥皮 bopi, 剥皮 baopi, 削弱 xueruo, 著名 zhuming, 乾坤 qiankun, 瞭望 liaowang, 西藏 xizang,
战略 zhanlue, 侵略 qinlve, 曾黎 zengli, 曾江 zengjiang, 曾轶可 zengyike, 单依纯 shanyichun, 单立文 shanliwen,
朴成焕 piaochenghuan, 朴信惠 piaoxinhui, 解振华 xiezhenhua, 解学恭 xiexuegong, 仇晓飞 qiuxiaofei, 查济民 zhajimin,
查小欣 zhaxiaoxin, 翟隽 zhaijun, 翟颖 zhaiying, 区瑞强 ouruiqiang, 盖丽丽 gelili, 缪杰 miaojie, 乐华 yuehua, 员俊英 yunjunying,
覃舒 qinshu, 尉氏县 weishixian, 任贤齐 renxianqi, 万俟雅言 moqiyayan, 佛跳墙 fotiaoqiang, 穆里奇 muliqi, 卡佩勒 kapeile,
厦漳 xiazhang, 枞阳 zongyang, 无为市 wuweishi, 郫都区 piduqu, 鄱阳湖 poyanghu, 滕王阁 tengwangge, 十里堡 shilipu, 吴堡县 wubuxian,
大栅栏 dazhalan, 六盘水 liupanshui, 番禺区 panyuqu, 血压 xueya, 血淋淋 xielinlin, 削苹果 xiaopingguo, 剥夺 boduo, 角逐 juezhu,
露馅 louxian, 贝壳找房 beikezhaofang, 说客 shuike, 熟人 shuren, 会稽 kuaiji, 游说 youshui, 省略 shenglve, 虐待 nuedai
"""


def spoken(text: str) -> list[str]:
    return [" ".join(unit.sound for unit in way) for way in pronunciations(fold_literal(text))]


def finds(typed: str, text: str) -> bool:
    """Whether an index finds a text when ``typed`` is typed: by a key, and by comparison."""
    read, folded = read_typed(typed), fold_literal(text)
    keys = map(key_of, pronunciations(folded))
    return read.begins(folded) and any(key.startswith(read.keys) for key in keys)


def test_nearly_all_words_are_found_by_their_usual_readings() -> None:
    pairs = [each.split() for each in TYPED_SO.replace("\n", " ").split(",")]
    missed = [text for text, typed in pairs if not finds(typed, text)]
    assert missed == ["说客", "会稽"]  # no source at hand gives their second reading


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("朝阳区", ["chao yang qu"]),
        ("百色", ["bai se", "bo se"]),
        ("曾令旭", ["zeng ling xu", "ceng ling xu"]),
        ("尉迟", ["yu chi", "wei chi"]),
        ("血液", ["xue ye", "xie ye"]),
        ("哈佛", ["ha fo"]),
        ("著名", ["zhu ming"]),
        ("重庆火锅", ["chong qing huo guo"]),
    ],
)
def test_a_text_has_all_its_usual_readings(text: str, sounds: list[str]) -> None:
    assert spoken(text) == sounds
    assert " ".join(unit.sound for unit in units(fold_literal(text))) == sounds[0]


@pytest.mark.parametrize(
    "text",
    ["曾经", "单位", "解放军", "任务", "查处", "区域", "行长", "校长", "长城", "重要", "都市", "西藏", "音乐", "传统"],
)  # fmt: skip
def test_an_ordinary_word_has_no_reading_of_a_name(text: str) -> None:
    assert len(spoken(text)) == 1


def test_readings_are_bounded() -> None:
    assert len(spoken("曾单解仇查乐长重")) == MAX_READINGS


def test_every_line_of_our_list_gives_each_character_one_of_its_readings() -> None:
    tables = all_readings()
    known = syllables() | {"ei"}
    for text, ways in tables.words.items():
        for way in ways:
            assert len(way) == len(text), text
    for character, sounds in tables.usual.items():
        assert set(sounds) <= set(tables.every[character])
    for character, swaps in tables.too.items():
        assert set(chain(*swaps.items())) <= set(tables.every[character]) & known
