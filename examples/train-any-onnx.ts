/**
 * Trains an ONNX model in an onnxruntime-node session of your own: reads the file, makes a graph of the whole training
 * step, feeds its outputs back into it, and writes the trained model back. docs/training-graph.md does it with a stepper.
 *
 * Run: npx tsx examples/train-any-onnx.ts
 * In your own project, import from 'espalier/training-graph'; nothing else of Espalier is needed.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
// Only to make a file to train.
import { initialWeights, networkBuilder, networkToOnnx } from '../src/index.ts';
import {
  createRandom,
  encodeModel,
  entryVector,
  LOSSES,
  OPTIMISERS,
  readModelFile,
  startingVectors,
  trainedModel,
  trainingGraph,
} from '../src/training-graph.ts';

const BATCH = 32;
const SIDE = 12;
const folder = await mkdtemp(join(tmpdir(), 'train-any-onnx-'));
const path = join(folder, 'model.onnx');

// Any ONNX file will do, e.g. one exported from PyTorch; this one has random weights and a batch axis of any size.
const b = networkBuilder([1, SIDE, SIDE]);
const features = b.activation(b.batchNorm(b.conv(b.input, { out: 8, kernel: 3 })), 'relu');
const network = b.build([b.linear(b.flatten(b.globalAveragePool(features)), { out: 2 })]);
const weights = initialWeights(network, createRandom('weights'));
await writeFile(path, encodeModel(networkToOnnx(network, weights, { mode: 'inference', batch: 'batch' })));

// Made data: stripes that run across (class 0) or down (class 1), under noise.
const random = createRandom('data');
function drawBatch() {
  const images = new Float32Array(BATCH * SIDE * SIDE);
  const labels = new BigInt64Array(BATCH);
  for (let i = 0; i < BATCH; i++) {
    const label = random.int(2);
    const phase = random.int(4);
    labels[i] = BigInt(label);
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) {
        const stripe = ((label === 0 ? y : x) + phase) % 4 < 2 ? 1 : -1;
        images[(i * SIDE + y) * SIDE + x] = stripe + random.normal();
      }
  }
  return {
    input: new ort.Tensor('float32', images, [BATCH, 1, SIDE, SIDE]),
    labels: new ort.Tensor('int64', labels, [BATCH]),
  };
}

const { model } = await readModelFile(path);
const graph = trainingGraph(model, LOSSES.crossEntropy({ labels: 'indices' }), OPTIMISERS.adamw(), {
  dimensions: { batch: BATCH },
});
const session = await ort.InferenceSession.create(encodeModel(graph.model), { logSeverityLevel: 3 });

const scalar = (value: number) => new ort.Tensor('float32', [value], []);
const vector = (data: Float32Array) => new ort.Tensor('float32', data, [data.length]);
let vectors = startingVectors(graph, model);
// Weight decay for kernels and matrices, none for biases and norms.
const decay = vector(entryVector(graph.parameters, ({ shape }) => (shape.length > 1 ? 0.01 : 0)));

for (let step = 1; step <= 60; step++) {
  const outputs = await session.run({
    ...drawBatch(),
    ...Object.fromEntries([...vectors].map(([name, data]) => [name, vector(data)])),
    decay,
    learningRate: scalar(0.02),
    step: scalar(step),
  });
  const next = (name: string) => outputs[`next.${name}`]!.data as Float32Array;
  vectors = new Map([...vectors.keys()].map((name) => [name, next(name)]));
  if (step % 15 === 0) console.log(`step ${step}: loss ${Number(outputs.loss!.data[0]).toFixed(3)}`);
}
await session.release();

await writeFile(path, encodeModel(trainedModel(model, graph, vectors)));

// The trained file is an ordinary model again.
const trained = await ort.InferenceSession.create(path);
const { input, labels } = drawBatch();
const logits = Object.values(await trained.run({ input }))[0]!.data as Float32Array;
const right = Array.from(labels.data as BigInt64Array).filter(
  (label, i) => (logits[2 * i + 1]! > logits[2 * i]! ? 1n : 0n) === label,
).length;
console.log(`${right} of ${BATCH} new images are classified right`);
if (right < 0.9 * BATCH) throw new Error('the model has not learned');
await trained.release();
await rm(folder, { recursive: true });
