"""Trains a network with PyTorch's own layers, autograd and optimisers: the reference of whole training runs.

Arguments: folders with job.json (see training-run.ts), weights.f32, images.f32 and labels.f32; the batches are used in
turn. Trains each in single and in double precision. Writes weights.f32 (of the single) anew and prints a line of JSON:
{"losses": those in single precision, "exact": those in double precision}.
"""

import json
import sys
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
ACTIVATIONS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "silu": F.silu,
    "gelu": F.gelu,
    "hardSwish": F.hardswish,
    "sigmoid": torch.sigmoid,
}


job, weights = {}, {}


def conv(node, op, x):
    top, left, bottom, right = op["padding"]
    bias = weights.get(f"{node}.bias")
    x = F.pad(x, (left, right, top, bottom))
    return F.conv2d(x, weights[f"{node}.weight"], bias, op["stride"], 0, op["dilation"], op["groups"])


def batch_norm(node, op, x):
    scale, bias, mean, variance = (weights[f"{node}.{s}"] for s in ("weight", "bias", "mean", "variance"))
    training = not job["freezeStatistics"]
    return F.batch_norm(x, mean, variance, scale, bias, training, 1 - op["momentum"], op["epsilon"])


def average_pool(node, op, x):
    top, left, bottom, right = op["padding"]
    assert (top, left) == (bottom, right)
    return F.avg_pool2d(x, op["kernel"], op["stride"], (top, left), count_include_pad=False)


def max_pool(node, op, x):
    top, left, bottom, right = op["padding"]
    return F.max_pool2d(F.pad(x, (left, right, top, bottom), value=-torch.inf), op["kernel"], op["stride"])


OPERATORS = {
    "conv": conv,
    "linear": lambda node, op, x: F.linear(x, weights[f"{node}.weight"], weights.get(f"{node}.bias")),
    "batchNorm": batch_norm,
    "activation": lambda node, op, x: ACTIVATIONS[op["name"]](x),
    "averagePool": average_pool,
    "maxPool": max_pool,
    "resize": lambda node, op, x: F.interpolate(x, size=op["size"], mode=op["mode"]),
    "concat": lambda node, op, *x: torch.cat(x, 1),
    "globalAveragePool": lambda node, op, x: x.mean((2, 3), keepdim=True),
    "flatten": lambda node, op, x: x.flatten(1),
    "add": lambda node, op, *x: sum(x[1:], x[0]),
    "zero": lambda node, op, x: x[:, :, :: op["stride"][0], :: op["stride"][1]] * 0,
}


def forward(x):
    values = {job["network"]["inputs"][0]["id"]: x}
    for node in job["network"]["nodes"]:
        inputs = [values[i] for i in node["inputs"]]
        values[node["id"]] = OPERATORS[node["operator"]["kind"]](node["id"], node["operator"], *inputs)
    return values[job["network"]["outputs"][0]]


def train(folder, dtype):
    read = lambda name: torch.from_numpy(numpy.fromfile(folder / f"{name}.f32", dtype=numpy.float32)).to(dtype)
    job.clear()
    job.update(json.loads((folder / "job.json").read_text()))
    weights.clear()
    sizes = [int(numpy.prod(e["shape"])) for e in job["weights"]]
    for entry, part in zip(job["weights"], read("weights").split(sizes)):
        weights[entry["name"]] = part.reshape(entry["shape"]).clone()
    images = read("images").reshape([-1, *job["inputShape"]])
    labels = read("labels").reshape([images.shape[0], *job["labelShape"]])
    trained = [e for e in job["weights"] if e["trains"]]
    parameters = [weights[e["name"]].requires_grad_() for e in trained]
    rate = job["learningRate"]
    groups = [
        {"params": [parameter], "lr": rate * e["rateFactor"], "weight_decay": e["decay"]}
        for e, parameter in zip(trained, parameters)
    ]
    optimiser = getattr(torch.optim, job["optimiser"]["class"])(groups, lr=rate, **job["optimiser"]["options"])
    losses = []
    for step in range(job["steps"]):
        place = step % images.shape[0]
        loss = F.cross_entropy(forward(images[place]), labels[place])
        optimiser.zero_grad()
        loss.backward()
        if job["clipNorm"] > 0:
            torch.nn.utils.clip_grad_norm_(parameters, job["clipNorm"])
        optimiser.step()
        losses.append(loss.item())
    return losses, torch.cat([weights[e["name"]].detach().flatten() for e in job["weights"]])


for argument in sys.argv[1:]:
    folder = Path(argument)
    exact, _ = train(folder, torch.float64)
    losses, trained = train(folder, torch.float32)
    trained.numpy().tofile(folder / "weights.f32")
    print(json.dumps({"losses": losses, "exact": exact}), flush=True)
