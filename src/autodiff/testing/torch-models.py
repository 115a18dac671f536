"""Networks from torchvision with random weights: exported to ONNX, and trained here as the reference.

Usage: torch-models.py FOLDER, which must hold jobs.json: [{"name", "network", "opset", "mode": "eval" | "train",
"dynamic", "side", "rate", "optimisers"}]. Of every job it writes NAME.onnx, NAME.x.f32, NAME.labels.json and for each optimiser NAME.OPTIMISER.f32: all
parameters, then all buffers, after the last step; NAME.gradients.f32 (of the first step) and NAME.output.f32 (the
exported mode's output after the SGD steps). Prints one line of JSON a job: names and shapes, and losses by optimiser.
"""

import copy
import json
import sys
import warnings
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F
import torchvision

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
CLASSES = 10
STEPS = 10


class Text(torch.nn.Module):
    """A decoder's layer: embeddings, attention behind a causal mask, a mean over the words by einsum."""

    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(11, 16)
        self.layer = torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, dropout=0.0, activation="gelu")
        self.head = torch.nn.Linear(16, CLASSES)

    def forward(self, x):
        length = x.shape[1]
        mask = torch.triu(torch.full((length, length), float("-inf")), 1)
        return self.head(torch.einsum("btc->bc", self.layer(self.words(x), mask)) / length)


class Tagger(torch.nn.Module):
    """A sequence classifier: embeddings, two bidirectional LSTM layers, the mean over the words."""

    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(11, 12)
        self.layers = torch.nn.LSTM(12, 8, num_layers=2, bidirectional=True, batch_first=True)
        self.head = torch.nn.Linear(16, CLASSES)

    def forward(self, x):
        return self.head(self.layers(self.words(x))[0].mean(1))


class Reader(torch.nn.Module):
    """A sequence classifier: embeddings, a GRU layer whose first state is learnt, its last state."""

    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(11, 12)
        self.start = torch.nn.Parameter(0.1 * torch.randn(1, 1, 10))
        self.layer = torch.nn.GRU(12, 10)
        self.head = torch.nn.Linear(10, CLASSES)

    def forward(self, x):
        start = self.start.expand(1, x.shape[0], 10).contiguous()
        return self.head(self.layer(self.words(x.t()), start)[1][0])


class Volumes(torch.nn.Module):
    """A U-Net over volumes: strided, grouped and transposed convolutions, pools, norms, trilinear interpolation."""

    def __init__(self):
        super().__init__()
        self.fine = torch.nn.Sequential(torch.nn.Conv3d(1, 4, 3, padding=1), torch.nn.GroupNorm(2, 4), torch.nn.SiLU())
        self.coarse = torch.nn.Sequential(
            torch.nn.Conv3d(4, 8, 3, stride=2, padding=1, groups=2), torch.nn.BatchNorm3d(8), torch.nn.Tanh()
        )
        self.up = torch.nn.ConvTranspose3d(8, 4, 2, stride=2)
        self.head = torch.nn.Linear(4, CLASSES)

    def forward(self, x):
        fine = self.fine(x)
        coarse = self.coarse(fine)
        pooled = F.interpolate(F.avg_pool3d(coarse, 2), scale_factor=2, mode="trilinear")
        y = self.up(coarse + F.max_pool3d(coarse, 3, stride=1, padding=1) + pooled)
        return self.head((fine + y).mean((2, 3, 4)))


NETWORKS = {
    "volumes": Volumes,
    "text": Text,
    "lstm": Tagger,
    "gru": Reader,
    "swin": lambda: torchvision.models.SwinTransformer(
        [4, 4], 16, [1, 2], [2, 2], [4, 4], stochastic_depth_prob=0.0, num_classes=CLASSES
    ),
    "resnet18": lambda: torchvision.models.resnet18(num_classes=CLASSES),
    "mobilenet_v2": lambda: torchvision.models.mobilenet_v2(num_classes=CLASSES, dropout=0.0, width_mult=0.35),
    "mobilenet_v3_small": lambda: torchvision.models.mobilenet_v3_small(num_classes=CLASSES, dropout=0.0),
    "vit": lambda: torchvision.models.VisionTransformer(
        image_size=64, patch_size=16, num_layers=2, num_heads=2, hidden_dim=32, mlp_dim=64, num_classes=CLASSES
    ),
}
TEXTS = ("text", "lstm", "gru")
OPTIMISERS = {
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate, momentum=0.9),
    # The larger epsilon keeps gradients that are zero but for rounding (biases before a norm) from moving weights.
    "adamw": lambda parameters, rate: torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01, eps=1e-3),
}


def write(path, tensors):
    flat = [t.detach().float().flatten().numpy() for t in tensors]
    path.write_bytes(numpy.concatenate(flat).astype("<f4").tobytes() if flat else b"")


def floats(model):
    return {n: b for n, b in model.named_buffers() if b.is_floating_point()}


def train(model, optimiser, rate, x, labels):
    losses, gradients = [], None
    update = OPTIMISERS[optimiser](model.parameters(), rate)
    for _ in range(STEPS):
        update.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        gradients = gradients or [p.grad.clone() for p in model.parameters()]
        update.step()
        losses.append(loss.item())
    return losses, gradients


def answer(folder, job):
    name = job["name"]
    torch.manual_seed(7)
    model = NETWORKS[job["network"]]()
    for p in model.parameters():  # a head of zeros would leave nothing to learn from
        if p.dim() > 1 and not p.any():
            torch.nn.init.normal_(p, std=0.1)
    is_text = job["network"] in TEXTS
    shape = (8, 1) + 3 * (job["side"],) if job["network"] == "volumes" else (8, 3, job["side"], job["side"])
    x = torch.randint(0, 11, (8, job["side"])) if is_text else torch.randn(shape)
    labels = torch.arange(8) % CLASSES
    mode = torch.onnx.TrainingMode.TRAINING if job["mode"] == "train" else torch.onnx.TrainingMode.PRESERVE
    torch.onnx.export(
        model.train(job["mode"] == "train"),
        x,
        str(folder / f"{name}.onnx"),
        opset_version=job["opset"],
        training=mode,
        do_constant_folding=False,
        input_names=["x"],
        output_names=["y"],
        dynamic_axes={"x": {0: "N"}, "y": {0: "N"}} if job["dynamic"] else None,
    )
    write(folder / f"{name}.x.f32", [x])
    (folder / f"{name}.labels.json").write_text(json.dumps(labels.tolist()))
    losses = {}
    for optimiser in job["optimisers"]:
        trained = copy.deepcopy(model).train()
        losses[optimiser], gradients = train(trained, optimiser, job["rate"], x, labels)
        write(folder / f"{name}.{optimiser}.f32", [*trained.parameters(), *floats(trained).values()])
        if optimiser == "sgd":
            write(folder / f"{name}.gradients.f32", gradients)
            with torch.no_grad():
                write(folder / f"{name}.output.f32", [trained.train(job["mode"] == "train")(x)])
    shapes = lambda tensors: [{"name": n, "shape": list(t.shape)} for n, t in tensors]
    return {
        "parameters": shapes(model.named_parameters()),
        "statistics": shapes(floats(model).items()),
        "losses": losses,
    }


folder = Path(sys.argv[1])
for job in json.loads((folder / "jobs.json").read_text()):
    print(json.dumps(answer(folder, job)), flush=True)
