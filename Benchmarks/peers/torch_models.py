"""The models in PyTorch: the lesson's classifier by hand, BERT from Hugging Face transformers."""

import torch
from torch import nn
from torch.nn import functional as F

from models import CLASSES, DROPOUT, MODELS, Classifier


class ClassifierModule(nn.Module):
    def __init__(self, m):
        super().__init__()
        self.heads, self.key_size = m.heads, m.key_size
        inner = m.heads * m.key_size
        self.token_embedding = nn.Embedding(m.vocabulary, m.width)
        self.position_embedding = nn.Embedding(m.length, m.width)
        # One product for query, key and value, as a PyTorch user would write it.
        self.query_key_value = nn.Linear(m.width, 3 * inner)
        self.attention_output = nn.Linear(inner, m.width)
        self.norm1 = nn.LayerNorm(m.width, eps=m.epsilon)
        self.feed_forward1 = nn.Linear(m.width, m.feed_forward)
        self.feed_forward2 = nn.Linear(m.feed_forward, m.width)
        self.norm2 = nn.LayerNorm(m.width, eps=m.epsilon)
        self.dense = nn.Linear(m.width, m.dense)
        self.classifier = nn.Linear(m.dense, CLASSES)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, ids):
        batch, length = ids.shape
        x = self.token_embedding(ids) + self.position_embedding.weight[:length]
        projected = self.query_key_value(x).view(batch, length, 3, self.heads, self.key_size)
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        context = F.scaled_dot_product_attention(query, key, value)
        context = context.transpose(1, 2).reshape(batch, length, -1)
        x = self.norm1(x + self.dropout(self.attention_output(context)))
        hidden = self.feed_forward2(F.relu(self.feed_forward1(x)))
        x = self.norm2(x + self.dropout(hidden))
        x = self.dropout(x.mean(dim=1))
        x = self.dropout(F.relu(self.dense(x)))
        return self.classifier(x)

    def load(self, w):
        width = w["token_embedding"].shape[1]
        parts = ("query", "key", "value")
        kernels = [w[f"attention.{p}.kernel"].reshape(width, -1).T for p in parts]
        biases = [w[f"attention.{p}.bias"].reshape(-1) for p in parts]
        state = {
            "token_embedding.weight": w["token_embedding"],
            "position_embedding.weight": w["position_embedding"],
            "query_key_value.weight": torch.cat(kernels),
            "query_key_value.bias": torch.cat(biases),
            "attention_output.weight": w["attention.output.kernel"].reshape(-1, width).T,
            "attention_output.bias": w["attention.output.bias"],
        }
        for name in ("norm1", "norm2"):
            state[f"{name}.weight"] = w[f"{name}.gamma"]
            state[f"{name}.bias"] = w[f"{name}.beta"]
        for name in ("feed_forward1", "feed_forward2", "dense", "classifier"):
            state[f"{name}.weight"] = w[f"{name}.kernel"].T
            state[f"{name}.bias"] = w[f"{name}.bias"]
        self.load_state_dict(state)


class BertModule(nn.Module):
    """Hugging Face's BERT with positional arguments and the logits as its only output."""

    def __init__(self, m):
        super().__init__()
        from transformers import BertConfig, BertForSequenceClassification

        config = BertConfig(
            vocab_size=m.vocabulary, hidden_size=m.hidden, num_hidden_layers=m.layers,
            num_attention_heads=m.heads, intermediate_size=m.feed_forward,
            max_position_embeddings=m.positions, type_vocab_size=m.types,
            layer_norm_eps=m.epsilon, num_labels=CLASSES, attn_implementation="sdpa")
        self.bert = BertForSequenceClassification(config)

    def forward(self, ids, mask, types):
        return self.bert(input_ids=ids, attention_mask=mask, token_type_ids=types).logits

    def load(self, weights):
        self.bert.load_state_dict(weights)


def make_module(options, weights):
    """The module with the shared weights; `weights` are NumPy arrays."""
    m = MODELS[options.model]
    module = ClassifierModule(m) if isinstance(m, Classifier) else BertModule(m)
    module.load({name: torch.from_numpy(array) for name, array in weights.items()})
    return module.train(options.mode == "train")


def make_arguments(options, inputs):
    """The module's arguments."""
    names = ["input_ids"]
    if not isinstance(MODELS[options.model], Classifier):
        names += ["attention_mask", "token_type_ids"]
    return tuple(torch.from_numpy(inputs[name]).long() for name in names)
