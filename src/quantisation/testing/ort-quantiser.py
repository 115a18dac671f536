"""ONNX Runtime's own quantiser, for comparison: QDQ, uint8 activations, int8 weights with a scale for each channel.

ort-quantiser.py FLOAT.onnx IMAGES.f32 BATCH,CHANNELS,HEIGHT,WIDTH INT8.onnx MinMax|Entropy|Percentile
"""
import sys

import numpy as np
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

source, images, shape, target, method = sys.argv[1:6]
batch, *rest = (int(size) for size in shape.split(","))
batches = np.fromfile(images, np.float32).reshape(-1, batch, *rest)


class Reader(CalibrationDataReader):
    def __init__(self):
        self.left = list(batches)

    def get_next(self):
        return {"input": self.left.pop()} if self.left else None


prepared = source + ".prepared"
quant_pre_process(source, prepared, skip_symbolic_shape=True)
quantize_static(
    prepared,
    target,
    Reader(),
    quant_format=QuantFormat.QDQ,
    per_channel=True,
    activation_type=QuantType.QUInt8,
    weight_type=QuantType.QInt8,
    calibrate_method=getattr(CalibrationMethod, method),
)
