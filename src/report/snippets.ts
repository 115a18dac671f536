/** How to use the exported model, with its own names, shape and normalisation. */
import type { Winner } from './data.ts';

export interface Snippet {
  readonly title: string;
  readonly code: string;
}

type Model = Winner['model'];

/** The packages that the snippets tell to install. */
const NODE_ENGINE = 'onnxruntime-node';
const WEB_ENGINE = 'onnxruntime-web';

const list = (values: readonly number[]): string =>
  `[${values.map((v) => Number(v.toPrecision(6))).join(', ')}]`;

export function snippets(model: Model, classes: readonly string[]): Snippet[] {
  return [
    { title: 'Command line', code: `npx espalier predict ${model.file} photo.png` },
    { title: 'Node', code: node(model, classes) },
    { title: 'Python', code: python(model, classes) },
    { title: 'Browser', code: browser(model, classes) },
  ];
}

function node({ file, input, output, preprocessing: p }: Model, classes: readonly string[]): string {
  return `// npm install ${NODE_ENGINE} sharp
import * as ort from '${NODE_ENGINE}';
import sharp from 'sharp';

const labels = ${JSON.stringify(classes)};
const mean = ${list(p.mean)}, std = ${list(p.std)};
const plane = ${p.height} * ${p.width};

const bytes = await sharp('photo.png').flatten({ background: 'white' }).resize(${p.width}, ${p.height}, { fit: 'fill' })
  .${p.channels === 1 ? "toColourspace('b-w')" : "toColourspace('srgb')"}.raw().toBuffer();
const pixels = new Float32Array(${p.channels} * plane);
for (let c = 0; c < ${p.channels}; c++)
  for (let i = 0; i < plane; i++) pixels[c * plane + i] = (bytes[i * ${p.channels} + c] / 255 - mean[c]) / std[c];

const session = await ort.InferenceSession.create('${file}');
const image = new ort.Tensor('float32', pixels, [1, ${p.channels}, ${p.height}, ${p.width}]);
const { ${property(output)} } = await session.run({ ${key(input)}: image });
console.log(labels[logits.data.indexOf(Math.max(...logits.data))]);`;
}

function python({ file, input, preprocessing: p }: Model, classes: readonly string[]): string {
  return `# pip install onnxruntime pillow numpy
import numpy as np, onnxruntime as ort
from PIL import Image

labels = ${JSON.stringify(classes)}
mean, std = np.float32(${list(p.mean)}), np.float32(${list(p.std)})

image = Image.open("photo.png").convert("${p.channels === 1 ? 'L' : 'RGB'}").resize((${p.width}, ${p.height}), Image.Resampling.BOX)
pixels = np.asarray(image, np.float32).reshape(${p.height}, ${p.width}, ${p.channels}) / 255
batch = ((pixels - mean) / std).transpose(2, 0, 1)[None]  # [1, ${p.channels}, ${p.height}, ${p.width}]

session = ort.InferenceSession("${file}", providers=["CPUExecutionProvider"])
logits = session.run(None, {${JSON.stringify(input)}: batch})[0]
print(labels[int(logits.argmax())])`;
}

function browser({ file, input, output, preprocessing: p }: Model, classes: readonly string[]): string {
  const value =
    p.channels === 1
      ? '0.299 * rgba[4 * i] + 0.587 * rgba[4 * i + 1] + 0.114 * rgba[4 * i + 2]'
      : 'rgba[4 * i + c]';
  return `// npm install ${WEB_ENGINE}
import * as ort from '${WEB_ENGINE}';

const labels = ${JSON.stringify(classes)};
const mean = ${list(p.mean)}, std = ${list(p.std)};
const plane = ${p.height} * ${p.width};

// picture: an <img>, <video> or ImageBitmap
const context = new OffscreenCanvas(${p.width}, ${p.height}).getContext('2d');
context.imageSmoothingQuality = 'high';
context.drawImage(picture, 0, 0, ${p.width}, ${p.height});
const rgba = context.getImageData(0, 0, ${p.width}, ${p.height}).data;
const pixels = new Float32Array(${p.channels} * plane);
for (let c = 0; c < ${p.channels}; c++)
  for (let i = 0; i < plane; i++) pixels[c * plane + i] = ((${value}) / 255 - mean[c]) / std[c];

const session = await ort.InferenceSession.create('${file}');
const image = new ort.Tensor('float32', pixels, [1, ${p.channels}, ${p.height}, ${p.width}]);
const { ${property(output)} } = await session.run({ ${key(input)}: image });
console.log(labels[logits.data.indexOf(Math.max(...logits.data))]);`;
}

const isIdentifier = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name);
const key = (name: string): string => (isIdentifier(name) ? name : JSON.stringify(name));
/** Takes the output out of the results under the name \`logits\`. */
const property = (name: string): string => (name === 'logits' ? name : `${key(name)}: logits`);
