"""Tokens made by the real `tokenizers` and `transformers`, with a small vocabulary written here.

    python Tests/Goldens/wordpiece.py        # writes Tests/Goldens/data/wordpiece
"""

import itertools
import json
import pathlib

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers
from transformers import BertTokenizerLegacy

FOLDER = pathlib.Path(__file__).parent / "data" / "wordpiece"

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = """the a quick brown fox jump ##s ##ed over lazy dog ##ing un ##happy ##ness don ' t do not
, . ! ? - ( ) it is we have are can ##not token ##iz ##er cafe café straße strasse naïve naive
Fox Quick É é ##é ##É οδος οδοσ ##ς ##σ 中 文 字 ##文 가 ##나 ᄀ ##ᅡ 2 ##0 ##2 ##6 $ % n re ve s m""".split()
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = list(
    dict.fromkeys(SPECIAL + WORDS + [c for x in LETTERS for c in (x, "##" + x)]))

TEXTS = [
    "", " ", "The quick brown fox jumped over the lazy dogs.", "unhappyness, isn't it?!",
    "we can't have tokenizers (don't!)", "Café CAFÉ cafe\u0301 naïve", "STRASSE Straße",
    "ΟΔΟΣ οδοσ ΟΔΟΣ. ΟΔΟΣΑ", "中文字 a中b", "가나 가\u11a8 각", "2026 $2 %", "a\tb\nc\r\nd\u00a0e\u3000f",
    "x\u0000y\ufffdz\u200dw\u00adv", "tokeniz" + "e" * 120, "e" * 100, "e" * 101,
    "[CLS] the [MASK] fox [SEP]", "[mask] [MASK][MASK]", "İstanbul ISTANBUL", "\u0378\U0002b821\u1c8a",
    "\u1b13\u1b44\u0301\u1b13", "e\u0301\u0323 e\u0323\u0301", "fox\u2028dog\u2029fox", "\u037e\u1fef\u2260",
    "Å \u212b \u2126 Ω", "\U0001f600 fox \U0001f468\u200d\U0001f469\u200d\U0001f467", "ǅ ﬁ Ⅷ",
]


def tokenizer(added=(), **normalization):
    ids = {piece: i for i, piece in enumerate(VOCABULARY)}
    result = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    result.normalizer = normalizers.BertNormalizer(**normalization)
    result.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    result.decoder = decoders.WordPiece(prefix="##")
    result.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    result.add_special_tokens(SPECIAL)
    result.add_tokens(list(added))
    return result


def fields(encoding):
    return {
        "ids": encoding.ids,
        "type_ids": encoding.type_ids,
        "attention_mask": encoding.attention_mask,
        "special_tokens_mask": encoding.special_tokens_mask,
        "offsets": [list(pair) for pair in encoding.offsets],
        "word_ids": encoding.word_ids,
        "sequence_ids": encoding.sequence_ids,
    }


def with_overflow(encoding):
    return fields(encoding) | {"overflow": [fields(part) for part in encoding.overflowing]}


def encode_cases():
    for lower, strip, ideographs, clean in itertools.product(
        [True, False], [None, True, False], [True, False], [True, False]
    ):
        if not (ideographs or clean):
            continue
        options = dict(
            lowercase=lower, strip_accents=strip, handle_chinese_chars=ideographs,
            clean_text=clean)
        real = tokenizer(**options)
        yield options | {"encodings": [fields(real.encode(text)) for text in TEXTS]}


def legacy_cases(folder):
    for lower, strip, ideographs in itertools.product(
        [True, False], [None, True, False], [True, False]
    ):
        real = BertTokenizerLegacy(
            str(folder / "vocab.txt"), do_lower_case=lower, strip_accents=strip,
            tokenize_chinese_chars=ideographs)
        yield dict(
            lowercase=lower, strip_accents=strip, handle_chinese_chars=ideographs,
            ids=[real(text)["input_ids"] for text in TEXTS])


PAIRS = [
    ("the quick brown fox", "jumped over the lazy dog"), ("the", "quick brown fox jumps over it"),
    ("the quick brown fox jumps over it", "the"), ("", "fox"), ("the quick fox", None), ("fox", ""),
]


def truncation_cases():
    for (first, second), strategy, length, stride, side in itertools.product(
        PAIRS, ["longest_first", "only_first", "only_second"], [3, 4, 6, 7, 8, 11],
        [0, 2], ["right", "left"]
    ):
        real = tokenizer()
        case = dict(
            first=first, second=second, strategy=strategy, max_length=length, stride=stride,
            side=side)
        # `tokenizers` panics where it should raise; both count as a refusal.
        try:
            real.enable_truncation(length, stride=stride, strategy=strategy, direction=side)
            encoding = real.encode(first, second)
        except BaseException:
            yield case | {"refused": True}
            continue
        yield case | with_overflow(encoding)


def legacy_truncation_cases(folder):
    real = BertTokenizerLegacy(str(folder / "vocab.txt"))
    for (first, second), length in itertools.product(PAIRS, range(4, 13)):
        encoding = real(first, second, truncation="longest_first", max_length=length)
        yield dict(
            first=first, second=second, max_length=length, ids=encoding["input_ids"])


def padding_cases():
    texts = TEXTS[2:6]
    for length, multiple, side in itertools.product([None, 8, 32], [None, 8], ["right", "left"]):
        real = tokenizer()
        real.enable_padding(direction=side, length=length, pad_to_multiple_of=multiple)
        yield dict(
            texts=texts, length=length, multiple=multiple, side=side,
            encodings=[fields(e) for e in real.encode_batch(texts)])


def added_token_cases():
    texts = [
        "the <ent>fox</ent> fox", "the <ENT> fox", "a new_tok b", "NEW_TOK new_token new_tok",
        "x  lefty  y lefty", "x righty  y", "both sides  both", "caféy", "CAFÉY", "中<ent>文",
        "foxword word words word", "word", "new_toknew_tok", "<ent><ent>", "ab abc abcd",
    ]
    sets = [
        [AddedToken("<ent>", normalized=False), AddedToken("</ent>", normalized=False)],
        [AddedToken("<ent>", normalized=True), AddedToken("new_tok", normalized=True)],
        [AddedToken("lefty", lstrip=True, normalized=False),
         AddedToken("righty", rstrip=True, normalized=False)],
        [AddedToken("word", single_word=True, normalized=False)],
        [AddedToken("Caféy", normalized=True), AddedToken("ab", normalized=False),
         AddedToken("abcd", normalized=False)],
    ]
    for added in sets:
        real = tokenizer(added)
        yield dict(
            tokenizer=json.loads(real.to_str()), texts=texts,
            encodings=[fields(real.encode(text)) for text in texts])


def word_cases():
    real = tokenizer()
    for words, pair in [
        (["The", "quick", "un-happy", "", "fox"], None), ([], None),
        (["don't", "[MASK]", "a b"], ["Cafe\u0301", "dogs"]),
    ]:
        encoding = real.encode(words, pair, is_pretokenized=True)
        yield dict(words=words, pair=pair) | fields(encoding)


def decode_cases():
    real = tokenizer()
    texts = [
        "The quick brown fox, jumped over (the) lazy dogs. Don't! We can't, do not it's 've 're 'm",
        "a ' b . c ? ! n't", "[CLS] unhappyness [SEP] [MASK]", "##s s", "",
    ]
    for text, skip in itertools.product(texts, [True, False]):
        ids = real.encode(text).ids
        yield dict(ids=ids, skip=skip, text=real.decode(ids, skip_special_tokens=skip))
    yield dict(ids=[6, 99999, 7], skip=False, text=real.decode([6, 99999, 7]))


# Frequencies chosen so that no two pairs that matter are equally frequent.
FREQUENCIES = {
    "low": 97, "lower": 53, "newest": 71, "widest": 37, "Wider,": 17, "café": 11, "x": 3}
TRAINING = [word for word, count in FREQUENCIES.items() for _ in range(count)]


def trained(**options):
    """The learned pieces in the order of their merges, if every run agrees on it."""
    results = set()
    for _ in range(10):
        real = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        real.normalizer = normalizers.BertNormalizer()
        real.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        real.train_from_iterator(
            TRAINING, trainers.WordPieceTrainer(
                special_tokens=SPECIAL, show_progress=False, **options))
        vocabulary = sorted(real.get_vocab().items(), key=lambda item: item[1])
        pieces = [piece for piece, _ in vocabulary]
        count = sum(len(p.removeprefix("##")) == 1 for p in pieces) + len(SPECIAL)
        results.add((tuple(sorted(pieces[:count])), tuple(pieces[count:])))
    assert len(results) == 1, results
    alphabet, merged = results.pop()
    return dict(alphabet=alphabet, merged=merged)


def training_cases():
    for options in [
        dict(vocab_size=40), dict(vocab_size=46), dict(vocab_size=36, min_frequency=50),
        dict(vocab_size=60, min_frequency=80), dict(vocab_size=40, limit_alphabet=10),
        dict(vocab_size=40, initial_alphabet=["z", "q"]), dict(vocab_size=5),
    ]:
        yield options | trained(**options)


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (FOLDER / name).write_text(text + "\n", encoding="utf-8")


def write_cases(name, cases, **shared):
    lines = ",\n".join(
        json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    head = "".join(
        f'"{key}":{json.dumps(value, ensure_ascii=False)},\n' for key, value in shared.items())
    (FOLDER / name).write_text(
        "{" + head + '"cases":[\n' + lines + "\n]}\n", encoding="utf-8")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    write("tokenizer.json", json.loads(tokenizer().to_str()))
    write_cases("encode.json", encode_cases(), texts=TEXTS)
    write_cases("legacy.json", legacy_cases(FOLDER), texts=TEXTS)
    write_cases("truncation.json", truncation_cases())
    write_cases("legacy_truncation.json", legacy_truncation_cases(FOLDER))
    write_cases("padding.json", padding_cases())
    write_cases("added_tokens.json", added_token_cases())
    write_cases("words.json", word_cases())
    write_cases("decode.json", decode_cases())
    write_cases("training.json", training_cases(), frequencies=FREQUENCIES)


if __name__ == "__main__":
    main()
