"""A U-Net (Ronneberger et al. 2015); see unet.ts."""
import torch
from torch import nn
from torch.nn.functional import interpolate, max_pool2d

from layers import conv_bn_act

WIDTHS = (16, 32, 64)
BOTTOM = 128


def double_conv(inside, out):
    return nn.Sequential(conv_bn_act(inside, out, 3), conv_bn_act(out, out, 3))


class UNet(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.down = nn.ModuleList(
            double_conv(i, o) for i, o in zip((channels, *WIDTHS), WIDTHS)
        )
        self.bottom = double_conv(WIDTHS[-1], BOTTOM)
        up = WIDTHS[::-1]
        self.up = nn.ModuleList(double_conv(i + o, o) for i, o in zip((BOTTOM, *up), up))
        self.logits = nn.Conv2d(WIDTHS[0], classes, 1)

    def forward(self, x):
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = max_pool2d(x, 2)
        x = self.bottom(x)
        for block, skip in zip(self.up, reversed(skips)):
            x = block(torch.cat([interpolate(x, scale_factor=2, mode="nearest"), skip], 1))
        return self.logits(x)


def build(input_shape, classes):
    return UNet(input_shape[0], classes)
