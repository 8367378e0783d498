"""Writes Tests/TextTests/Resources/text_vectorization.json by running Keras's TextVectorization.

Run with a Python that has keras and tensorflow: python Tests/Goldens/text_vectorization.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np

NEWS = [
    "Don't panic: the bar-baz rallies, AGAIN!",
    "The bar  opens\tat\nnine;\r\n the BAR closes at ten.",
    "",
    "   ",
    "prices #36;10 million; 39s \\back\\slash `tick` ~tilde~ {brace} [x] <y> ^z^ a|b x=y @u",
    "[UNK] unk [unk] the",
]
UNICODE = [
    "\u00c9COLE \u00e9cole e\u0301cole \u00c9cole",
    "no\u00a0break em\u2003quad ideographic\u3000space line\u2028sep nel\u0085here",
    "\U0001f600 \U0001f469\u200d\U0001f4bb flags \U0001f1eb\U0001f1f7! \U0001f600",
    "\u0130stanbul STRASSE stra\u00dfe \u03a3\u03a3 \u4f60\u597d\uff0c\u4e16\u754c \u2014 \u2019",
    "control\u0001x\u001cy\u001fz del\u007f vt\u000bff\u000cend nul\u0000in",
    "combining a\u0301\u0301 \ufb01 \u1e9b\u0323 zero\u200bwidth \ufeffbom",
]
TIES = ["b a c", "c a b", "aa ab A", "\u00e9 z \U00010000 \uffff zz", "z \u00e9", "a", "~ 0 9"]
EVERYTHING = NEWS + UNICODE + TIES
INPUTS = EVERYTHING + [
    "unseen words the bar",
    "a " * 40,
    "the",
    "e\u0301cole \u00e9cole",
]
# Cases name their texts, so that each is written once.
TEXTS = {
    "news": NEWS,
    "unicode": UNICODE,
    "ties": TIES,
    "everything": EVERYTHING,
    "inputs": INPUTS,
    "news and ties": NEWS + TIES,
}


def row(values):
    return [float(v) if isinstance(v, (float, np.floating)) else int(v) for v in values]


def tokens(layer, learned):
    """`get_vocabulary()`, which would strip U+0000 at the end of tokens (a NumPy habit)."""
    special = layer.get_vocabulary()[: len(layer.get_vocabulary()) - learned]
    keys, ids = layer._lookup_layer.lookup_table.export()
    ordered = sorted(zip(ids.numpy(), keys.numpy()))
    return special + [key.decode("utf-8") for _, key in ordered]


def case(name, options, adapt=None, vocabulary=None, idf=None, inputs="inputs"):
    arguments = dict(options)
    if isinstance(arguments.get("ngrams"), list):
        arguments["ngrams"] = tuple(arguments["ngrams"])
    if vocabulary is not None:
        arguments["vocabulary"] = vocabulary
        arguments["idf_weights"] = idf
    layer = keras.layers.TextVectorization(**arguments)
    if adapt is not None:
        layer.adapt(TEXTS[adapt])
    # A text that is not split is one token of its row, not the whole batch one row.
    batch = np.array(TEXTS[inputs], dtype=object).reshape(-1, 1)
    output = np.asarray(layer(batch))
    return {
        "name": name,
        "options": {key: "none" if value is None else value for key, value in options.items()},
        "adapt": adapt,
        "givenVocabulary": vocabulary,
        "givenIDFWeights": idf,
        "inputs": inputs,
        "vocabulary": tokens(layer, len(layer.get_vocabulary(include_special_tokens=False))),
        "output": [row(values) for values in output],
    }


def cases():
    for standardize in ["lower_and_strip_punctuation", "lower", "strip_punctuation", None]:
        for split in ["whitespace", "character", None]:
            options = {"standardize": standardize, "split": split}
            yield case(f"standardize {standardize}, split {split}", options, "everything")
    yield case("ties", {}, "ties")
    for size in [3, 5, 12]:
        yield case(f"maxTokens {size}", {"max_tokens": size}, "ties")
    for length in [1, 4, 50]:
        options = {"output_sequence_length": length}
        yield case(f"length {length}", options, "everything")
    for ngrams in [1, 2, 3, [2], [3, 1], [2, 5]]:
        for length in [None, 7]:
            options = {"ngrams": ngrams}
            if length:
                options["output_sequence_length"] = length
            yield case(f"ngrams {ngrams}, length {length}", options, "everything")
    yield case("ngrams of characters", {"ngrams": 2, "split": "character"}, "unicode")
    for mode in ["multi_hot", "count", "tf_idf"]:
        small = {"output_mode": mode, "max_tokens": 12}
        yield case(mode, small, "everything")
        yield case(f"{mode}, all tokens", {"output_mode": mode}, "news", inputs="news and ties")
        yield case(f"{mode}, padded", {**small, "max_tokens": 30, "pad_to_max_tokens": True}, "ties")
        yield case(f"{mode}, bigrams", {**small, "ngrams": 2}, "everything")
        yield case(f"{mode}, unsplit", {**small, "split": None}, "everything")
    words = ["the", "bar", "\u00e9cole", "e\u0301cole"]
    yield case("given vocabulary", {}, vocabulary=words)
    yield case("given with special tokens", {}, vocabulary=["", "[UNK]"] + words)
    weights = [0.5, 1.25, 2.0, 4.5]
    tfidf = {"output_mode": "tf_idf"}
    yield case("given weights", tfidf, vocabulary=words, idf=weights)
    yield case("given weight of [UNK]", tfidf, vocabulary=["[UNK]"] + words, idf=[9.0] + weights)
    padded = {**tfidf, "max_tokens": 8, "pad_to_max_tokens": True}
    yield case("given weights, padded", padded, vocabulary=words, idf=weights)


def main():
    folder = pathlib.Path(__file__).resolve().parent.parent / "TextTests" / "Resources"
    folder.mkdir(parents=True, exist_ok=True)
    document = {"keras": keras.__version__, "texts": TEXTS, "cases": list(cases())}
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    (folder / "text_vectorization.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
