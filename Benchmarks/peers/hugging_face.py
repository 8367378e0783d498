"""Hugging Face's `tokenizers` for Benchmarks/tokenizing.py: one process, one JSON line.

    python3 hugging_face.py train FOLDER TEXTS        a BERT tokenizer for texts of one's own
    python3 hugging_face.py ids FOLDER TEXTS          the ids of each line of TEXTS, one list a line
    python3 hugging_face.py time FOLDER TEXTS --threads 2 --seconds 5 [--without-offsets]
"""

import argparse
import json
import os
import statistics
import time


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=("train", "ids", "time"))
    parser.add_argument("folder")
    parser.add_argument("texts")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--without-offsets", action="store_true")
    return parser.parse_args()


def train(options, texts):
    from tokenizers import (
        Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers)

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(
        vocab_size=8000, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        show_progress=False))
    tokenizer.post_processor = processors.BertProcessing(
        *[(token, tokenizer.token_to_id(token)) for token in ("[SEP]", "[CLS]")])
    tokenizer.save(os.path.join(options.folder, "tokenizer.json"))
    return {"pieces": tokenizer.get_vocab_size()}


def main():
    options = parse_options()
    # Before the import: its pool of threads follows these.
    os.environ["RAYON_NUM_THREADS"] = str(options.threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if options.threads > 1 else "false"
    import tokenizers

    with open(options.texts, encoding="utf-8", newline="\n") as file:
        texts = file.read().split("\n")[:-1]
    if options.action == "train":
        print(json.dumps(train(options, texts)))
        return
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(options.folder, "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if options.action == "ids":
        for encoding in tokenizer.encode_batch(texts):
            print(encoding.ids)
        return
    encode = tokenizer.encode_batch_fast if options.without_offsets else tokenizer.encode_batch
    for _ in range(3):
        encode(texts)
    times = []
    end = time.perf_counter() + options.seconds
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        encodings = encode(texts)
        times.append((time.perf_counter() - start) * 1e3)
        # The Python objects of the last run are not to be freed within the next one's time.
        del encodings
    print(json.dumps({
        "milliseconds": statistics.median(times), "minimum_milliseconds": min(times),
        "runs": len(times), "versions": {"tokenizers": tokenizers.__version__}}))


if __name__ == "__main__":
    main()
