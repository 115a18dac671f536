"""The best cell of NAS-Bench-201 on CIFAR-10: convolutions on every edge but 0→3, which is the identity."""
from torch import nn

from layers import classifier_head


def relu_conv_bn(inside, out, kernel, stride=1):
    # The input is read by other edges too, so the rectifier may not overwrite it.
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(inside, out, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(out),
    )


class Cell(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.edge01, self.edge02, self.edge12, self.edge13, self.edge23 = (
            relu_conv_bn(channels, channels, kernel) for kernel in (3, 3, 3, 3, 1)
        )

    def forward(self, x):
        node1 = self.edge01(x)
        node2 = self.edge02(x) + self.edge12(node1)
        return x + self.edge13(node1) + self.edge23(node2)


class Reduction(nn.Module):
    """What stands between the stages: the shortcut is pooled and projected without batch norm."""

    def __init__(self, inside, out):
        super().__init__()
        self.body = nn.Sequential(relu_conv_bn(inside, out, 3, 2), relu_conv_bn(out, out, 3))
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(inside, out, 1, bias=False))

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def build(input_shape, classes):
    layers = [nn.Conv2d(input_shape[0], 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)]
    for stage in range(3):
        out = 16 << stage
        if stage:
            layers.append(Reduction(out // 2, out))
        layers += [Cell(out) for _ in range(5)]
    layers += [nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, *classifier_head(64, classes))
