"""Networks in PyTorch, as people write them, for tools/onnx_samples.py to export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn


class Sample(NamedTuple):
    """A network and what it is called with.

    Attributes:
        make: makes the network; its argument is the width.
        inputs: {name: example}.
        free: {name of an input: {axis: name of a dimension of any size}}.
        small: the width of the network in tests.
        normal: the width of the network that is timed.
    """

    make: Callable[[int], nn.Module]
    inputs: dict[str, torch.Tensor]
    free: dict[str, dict[int, str]]
    small: int
    normal: int


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any], **parts: nn.Module) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, *inputs: torch.Tensor) -> Any:
        return self.function(self, *inputs)


def mlp(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(20, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(width, width), nn.GELU(), nn.Linear(width, 3),
    )  # fmt: skip


def lenet(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, width, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(2 * width * 25, 4 * width), nn.ReLU(), nn.Linear(4 * width, 10),
    )  # fmt: skip


class BasicBlock(nn.Module):
    """conv, bn, relu, conv, bn, plus the input."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.short = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.short = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.short(x))


class ResNet(nn.Module):
    """He et al., 2015: ResNet-18 if all four stages have two blocks."""

    def __init__(self, width: int, blocks: tuple[int, ...] = (2, 2, 2, 2)) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        parts: list[nn.Module] = []
        inputs = width
        for stage, count in enumerate(blocks):
            outputs = width << stage
            for i in range(count):
                parts.append(BasicBlock(inputs, outputs, 2 if i == 0 and stage else 1))
                inputs = outputs
        self.blocks = nn.Sequential(*parts)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(inputs, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.flatten(self.pool(self.blocks(self.stem(x))), 1))


class InvertedResidual(nn.Module):
    """Sandler et al., 2018."""

    def __init__(self, inputs: int, outputs: int, stride: int, times: int) -> None:
        super().__init__()
        inner = inputs * times
        self.same = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU6(),
            nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False), nn.BatchNorm2d(inner), nn.ReLU6(),
            nn.Conv2d(inner, outputs, 1, bias=False), nn.BatchNorm2d(outputs),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x) if self.same else self.layers(x)


def mobilenet(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU6(),
        InvertedResidual(width, width, 1, 2), InvertedResidual(width, 2 * width, 2, 4),
        InvertedResidual(2 * width, 2 * width, 1, 4), InvertedResidual(2 * width, 4 * width, 2, 4),
        nn.Conv2d(4 * width, 8 * width, 1), nn.Hardswish(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Dropout(0.2), nn.Linear(8 * width, 10),
    )  # fmt: skip


class UNet(nn.Module):
    """Two scales; one goes up by a transposed convolution, one by interpolation."""

    def __init__(self, width: int) -> None:
        super().__init__()

        def double(inputs: int, outputs: int) -> nn.Module:
            return nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(),
                nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(),
            )  # fmt: skip

        self.a, self.b, self.c = double(3, width), double(width, 2 * width), double(2 * width, 4 * width)
        self.up1 = nn.ConvTranspose2d(4 * width, 2 * width, 2, 2)
        self.up2 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.d, self.e = double(4 * width, 2 * width), double(3 * width, width)
        self.head = nn.Conv2d(width, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.a(x)
        b = self.b(F.max_pool2d(a, 2))
        c = self.c(F.max_pool2d(b, 2))
        d = self.d(torch.cat([self.up1(c), b], 1))
        return self.head(self.e(torch.cat([self.up2(d), a], 1)))


def lstm(width: int) -> nn.Module:
    def call(self: Any, ids: torch.Tensor) -> Any:
        y, (h, _) = self.rnn(self.table(ids))
        return self.head(torch.cat([y.mean(1), h[-1]], -1))

    rnn = nn.LSTM(width, width, 2, batch_first=True, bidirectional=True, dropout=0.1)
    return Call(call, table=nn.Embedding(50, width), rnn=rnn, head=nn.Linear(3 * width, 4))


def gru(width: int) -> nn.Module:
    rnn = nn.GRU(8, width, 2, batch_first=True, bidirectional=True)
    return Call(lambda self, x: self.head(self.rnn(x)[0]), rnn=rnn, head=nn.Linear(2 * width, 4))


def gru_last_step(width: int) -> nn.Module:
    rnn = nn.GRU(8, width, batch_first=True)
    return Call(lambda self, x: self.head(self.rnn(x)[0][:, -1]), rnn=rnn, head=nn.Linear(width, 4))


def encoder(width: int) -> nn.Module:
    layer = nn.TransformerEncoderLayer(width, 4, 4 * width, batch_first=True, activation="gelu", norm_first=True)
    inner = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    return Call(lambda self, x: self.encoder(x).mean(1), encoder=inner)


def attention(width: int) -> nn.Module:
    inner = nn.MultiheadAttention(width, 4, batch_first=True)
    return Call(lambda self, q, k: self.attention(q, k, k, need_weights=False)[0], attention=inner)


class Causal(nn.Module):
    """Self-attention of a small GPT, with a mask as a buffer."""

    def __init__(self, width: int, heads: int, length: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.register_buffer("mask", torch.tril(torch.ones(length, length)).view(1, 1, length, length))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, t, c = x.shape
        q, k, v = (p.view(n, t, self.heads, c // self.heads).transpose(1, 2) for p in self.qkv(x).split(c, 2))
        scores = (q @ k.transpose(-2, -1)) * (c // self.heads) ** -0.5
        scores = scores.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf"))
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, c))


class Flash(Causal):
    """The same, by scaled_dot_product_attention."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, t, c = x.shape
        q, k, v = (p.view(n, t, self.heads, c // self.heads).transpose(1, 2) for p in self.qkv(x).split(c, 2))
        return self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, t, c))


class Block(nn.Module):
    """A block of a small GPT."""

    def __init__(self, width: int, attention: type[Causal]) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = attention(width, 4, 64)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """Two blocks, learned positions."""

    def __init__(self, width: int, attention: type[Causal] = Causal) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(50, width), nn.Embedding(64, width)
        self.blocks = nn.Sequential(Block(width, attention), Block(width, attention))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 50, bias=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        positions = torch.arange(ids.shape[1], device=ids.device)
        return self.head(self.norm(self.blocks(self.tokens(ids) + self.positions(positions))))


def bag(width: int) -> nn.Module:
    def call(self: Any, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.table(ids))

    return Call(call, table=nn.EmbeddingBag(50, width, mode="mean"), head=nn.Linear(width, 3))


def norms(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4 * width, 3, padding=1), nn.GroupNorm(2, 4 * width), nn.SiLU(),
        nn.Conv2d(4 * width, 4 * width, 3, padding=1), nn.InstanceNorm2d(4 * width, affine=True), nn.LeakyReLU(0.1),
        nn.PixelShuffle(2), nn.AdaptiveAvgPool2d((4, 4)), nn.Flatten(), nn.Linear(16 * width, 4), nn.LogSoftmax(-1),
    )  # fmt: skip


def images_last(width: int) -> nn.Module:
    def call(self: Any, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(self.conv(x).permute(0, 2, 3, 1))
        return x + self.out(F.gelu(self.up(y))).permute(0, 3, 1, 2)

    conv = nn.Conv2d(width, width, 7, padding=3, groups=width)
    parts = {"up": nn.Linear(width, 4 * width), "out": nn.Linear(4 * width, width)}
    return Call(call, conv=conv, norm=nn.LayerNorm(width), **parts)  # ConvNeXt's block


def functions(width: int) -> nn.Module:
    def call(self: Any, x: torch.Tensor, mask: torch.Tensor, index: torch.Tensor) -> Any:
        y = torch.einsum("ntc,nsc->nts", self.a(x), self.b(x))
        y = y.masked_fill(mask[:, None, :], -1e9).softmax(-1)
        y = torch.where(y > 0.1, y, torch.zeros_like(y))
        best = torch.topk(y, 2, dim=-1)[0].clamp(0, 0.5)
        rows = x.gather(1, index[:, :, None].expand(-1, -1, x.shape[2]))
        return torch.cat([best.sum(1), rows.amax(1), x.std(1), torch.cumsum(x, 1)[:, -1]], -1)

    return Call(call, a=nn.Linear(6, width), b=nn.Linear(6, width))


def _ids(length: int) -> torch.Tensor:
    return torch.randint(0, 50, (3, length))


_N, _NT = {0: "n"}, {0: "n", 1: "t"}
_IMAGE = {"image": {0: "n"}}
SAMPLES: dict[str, Sample] = {
    "mlp": Sample(mlp, {"x": torch.randn(3, 20)}, {"x": _N}, 16, 512),
    "lenet": Sample(lenet, {"image": torch.randn(3, 1, 28, 28)}, _IMAGE, 2, 16),
    "resnet": Sample(ResNet, {"image": torch.randn(3, 3, 64, 64)}, _IMAGE, 2, 64),
    "mobilenet": Sample(mobilenet, {"image": torch.randn(3, 3, 64, 64)}, _IMAGE, 4, 32),
    "unet": Sample(UNet, {"image": torch.randn(3, 3, 32, 32)}, {"image": {0: "n", 2: "h", 3: "w"}}, 2, 16),
    "lstm": Sample(lstm, {"ids": _ids(12)}, {"ids": _NT}, 6, 64),
    "gru": Sample(gru, {"x": torch.randn(3, 12, 8)}, {"x": _NT}, 6, 64),
    "gru_last_step": Sample(gru_last_step, {"x": torch.randn(3, 12, 8)}, {"x": _NT}, 6, 128),
    "encoder": Sample(encoder, {"x": torch.randn(3, 12, 16)}, {"x": _NT}, 16, 128),
    "attention": Sample(
        attention, {"q": torch.randn(3, 5, 16), "k": torch.randn(3, 9, 16)},
        {"q": {0: "n", 1: "t"}, "k": {0: "n", 1: "s"}}, 16, 128,
    ),
    "gpt": Sample(GPT, {"ids": _ids(12)}, {"ids": _NT}, 16, 128),
    "gpt_flash": Sample(lambda width: GPT(width, Flash), {"ids": _ids(12)}, {"ids": _NT}, 16, 128),
    "bag": Sample(bag, {"ids": _ids(12)}, {"ids": _NT}, 8, 64),
    "norms": Sample(norms, {"image": torch.randn(3, 3, 16, 16)}, _IMAGE, 2, 16),
    "images_last": Sample(images_last, {"image": torch.randn(3, 8, 12, 12)}, _IMAGE, 8, 64),
    "functions": Sample(
        functions, {"x": torch.randn(3, 7, 6), "mask": torch.rand(3, 7) < 0.3, "index": torch.randint(0, 7, (3, 4))},
        {"x": _NT, "mask": _NT, "index": _N}, 4, 32,
    ),
}  # fmt: skip
