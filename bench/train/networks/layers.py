"""Layers that several benchmark networks share, in PyTorch; the blocks of src/network/blocks on the other side."""
from torch import nn


def conv_bn_act(inside, out, kernel, stride=1, groups=1, act=nn.ReLU):
    """Convolution, batch norm and, unless `act` is None, an activation that overwrites its input."""
    layers = [
        nn.Conv2d(inside, out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out),
    ]
    if act is not None:
        layers.append(act(inplace=True))
    return nn.Sequential(*layers)


def classifier_head(inside, classes):
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inside, classes)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut, projected where the shape changes."""

    def __init__(self, inside, out, stride):
        super().__init__()
        self.body = nn.Sequential(
            conv_bn_act(inside, out, 3, stride), conv_bn_act(out, out, 3, act=None)
        )
        same = stride == 1 and inside == out
        self.shortcut = nn.Identity() if same else conv_bn_act(inside, out, 1, stride, act=None)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.body(x) + self.shortcut(x))
