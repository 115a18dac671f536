"""A multilayer perceptron for tables: 128-512-512-10."""
from torch import nn


def build(input_shape, classes):
    layers = []
    inside = input_shape[0]
    for out in (512, 512):
        layers += [nn.Linear(inside, out), nn.ReLU(inplace=True)]
        inside = out
    return nn.Sequential(*layers, nn.Linear(inside, classes))
