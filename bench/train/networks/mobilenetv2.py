"""MobileNetV2 (Sandler et al. 2018); for small images the stem and the second stage keep the size."""
from torch import nn

from layers import classifier_head, conv_bn_act


class InvertedResidual(nn.Module):
    def __init__(self, inside, out, stride, expansion):
        super().__init__()
        wide = inside * expansion
        layers = [] if expansion == 1 else [conv_bn_act(inside, wide, 1, act=nn.ReLU6)]
        layers += [
            conv_bn_act(wide, wide, 3, stride, groups=wide, act=nn.ReLU6),
            conv_bn_act(wide, out, 1, act=None),
        ]
        self.body = nn.Sequential(*layers)
        self.residual = stride == 1 and inside == out

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


def build(input_shape, classes):
    channels, side, _ = input_shape
    early = 2 if side > 64 else 1
    # Expansion, channels, blocks, stride of the first block.
    stages = (
        (1, 16, 1, 1),
        (6, 24, 2, early),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )
    layers = [conv_bn_act(channels, 32, 3, early, act=nn.ReLU6)]
    inside = 32
    for expansion, out, depth, first in stages:
        for i in range(depth):
            layers.append(InvertedResidual(inside, out, first if i == 0 else 1, expansion))
            inside = out
    layers.append(conv_bn_act(inside, 1280, 1, act=nn.ReLU6))
    return nn.Sequential(*layers, *classifier_head(1280, classes))
