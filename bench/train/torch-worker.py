"""One PyTorch process of the training benchmark; see protocol.ts."""
import importlib
import json
import re
import sys
import time
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

sys.path.insert(0, str(Path(__file__).parent / "networks"))

# Steps before the first measured one: oneDNN makes its kernels, caches are warm.
WARM_UP = 3

task = json.loads(sys.argv[1])
optimiser_settings = json.loads(sys.argv[2])
torch.set_num_threads(task["threads"])
torch.set_num_interop_threads(1)
torch.manual_seed(0)

layout = torch.channels_last if task["channelsLast"] else torch.contiguous_format
batch, classes = task["batch"], task["classes"]
model = importlib.import_module(task["definition"]).build(task["inputShape"], classes)
model = model.to(memory_format=layout).train()
optimiser = torch.optim.SGD(
    model.parameters(),
    lr=optimiser_settings["learningRate"],
    momentum=optimiser_settings["momentum"],
    weight_decay=optimiser_settings["weightDecay"],
    nesterov=True,
)
images = torch.randn(batch, *task["inputShape"])
if images.dim() == 4:
    images = images.contiguous(memory_format=layout)
pixels = task["inputShape"][1:] if task["labels"] == "pixel" else []
labels = torch.randint(classes, (batch, *pixels))


def step():
    optimiser.zero_grad(set_to_none=True)
    loss = cross_entropy(model(images), labels)
    loss.backward()
    optimiser.step()
    return loss.item()


def peak_mib():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def say(message):
    print(json.dumps(message), flush=True)


for _ in range(WARM_UP):
    step()
say({"parameters": sum(p.numel() for p in model.parameters())})

for line in sys.stdin:
    seconds = json.loads(line)["seconds"]
    began = time.perf_counter()
    steps, elapsed = 0, 0.0
    while elapsed < seconds:
        loss = step()
        steps += 1
        elapsed = time.perf_counter() - began
    say({"images": steps * batch, "seconds": elapsed, "peakMiB": peak_mib(), "loss": loss})
