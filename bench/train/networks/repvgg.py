"""RepVGG in its training form (Ding et al. 2021), narrow and short for 64×64."""
from torch import nn

from layers import classifier_head, conv_bn_act


class RepVggBlock(nn.Module):
    def __init__(self, inside, out, stride):
        super().__init__()
        self.dense = conv_bn_act(inside, out, 3, stride, act=None)
        self.pointwise = conv_bn_act(inside, out, 1, stride, act=None)
        self.identity = nn.BatchNorm2d(out) if stride == 1 and inside == out else None
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.dense(x) + self.pointwise(x)
        return self.act(y if self.identity is None else y + self.identity(x))


def build(input_shape, classes):
    layers = []
    inside = input_shape[0]
    for out, depth in ((32, 1), (32, 2), (64, 4), (128, 4), (256, 1)):
        for i in range(depth):
            layers.append(RepVggBlock(inside, out, 2 if i == 0 else 1))
            inside = out
    return nn.Sequential(*layers, *classifier_head(inside, classes))
