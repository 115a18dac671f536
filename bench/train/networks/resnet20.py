"""ResNet-20 for small images (He et al. 2016), shortcuts projected."""
from torch import nn

from layers import BasicBlock, classifier_head, conv_bn_act


def build(input_shape, classes):
    layers = [conv_bn_act(input_shape[0], 16, 3)]
    inside = 16
    for out in (16, 32, 64):
        for i in range(3):
            layers.append(BasicBlock(inside, out, 2 if i == 0 and out > 16 else 1))
            inside = out
    return nn.Sequential(*layers, *classifier_head(inside, classes))
