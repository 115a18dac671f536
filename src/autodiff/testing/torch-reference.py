"""Computes values and gradients with PyTorch for the gradient tests.

Reads one JSON object a line: {"expression", "inputs": [{"shape", "data"}], "cotangent": [...]}; the expression sees the
inputs as x0, x1, ... Writes {"output": {"shape", "data"}, "gradients": [[...], ...]} for the loss sum(output * cotangent),
or {"error": "..."}.
"""

import json
import sys

import torch
import torch.nn.functional as F  # noqa: F401  (used by the expressions)

torch.set_num_threads(1)


def answer(request):
    inputs = [torch.tensor(i["data"], dtype=torch.float32).reshape(i["shape"]).requires_grad_() for i in request["inputs"]]
    names = {f"x{n}": value for n, value in enumerate(inputs)}
    output = eval(request["expression"], {"torch": torch, "F": F, **names})
    cotangent = torch.tensor(request["cotangent"], dtype=torch.float32).reshape(output.shape)
    (output * cotangent).sum().backward()
    gradients = [None if i.grad is None else i.grad.flatten().tolist() for i in inputs]
    return {"output": {"shape": list(output.shape), "data": output.detach().flatten().tolist()}, "gradients": gradients}


for line in sys.stdin:
    try:
        result = answer(json.loads(line))
    except Exception as error:  # the test shows it
        result = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(result), flush=True)
