import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { IMAGE_EXTENSIONS } from '../../data/decode-image.ts';
import { EspalierError, EXIT, fail } from '../../errors.ts';
import { formatPercent } from '../../report/format.ts';
import type { Prediction } from '../../search/classifier.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print, styler } from '../terminal.ts';

interface PredictFlags {
  readonly top: string;
  readonly json?: boolean;
}

/** Files as they are; of folders all images in them, in order of their names. */
async function imageFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if (!existsSync(path))
      fail('USAGE', { what: `There is no file or folder ${path}`, hint: 'Correct the path of the image.' });
    if (!statSync(path).isDirectory()) {
      files.push(path);
      continue;
    }
    const names = await readdir(path, { recursive: true });
    const images = names.filter((name) => IMAGE_EXTENSIONS.has(extname(name).toLowerCase())).sort();
    if (images.length === 0)
      fail('USAGE', {
        what: `There are no images in ${path}`,
        hint: 'Name a folder that holds images, or the images.',
      });
    files.push(...images.map((name) => join(path, name)));
  }
  return files;
}

function readTop(text: string): number {
  const top = Number(text);
  if (Number.isInteger(top) && top > 0) return top;
  return fail('USAGE', { what: `--top ${text}: not a number of labels`, hint: 'Write for example --top 5.' });
}

export const addPredict: AddCommand = (program, { terminal, signal }, finish) => {
  program
    .command('predict')
    .summary('classify images with an exported model')
    .description(
      'Classifies images with a model.onnx that a search wrote. The file itself says its labels and how it wants its ' +
        'images; nothing else of the run is needed.',
    )
    .argument('<model>', 'a model.onnx')
    .argument('<images...>', 'image files, or folders of them')
    .option('--top <n>', 'labels to show for each image', '3')
    .option('--json', 'one JSON object a line for each image')
    .addHelpText(
      'after',
      examples('predict runs/digits/model.onnx photo.png', 'predict model.onnx photos/ --top 1 --json'),
    )
    .action(async (path: string, images: readonly string[], { top: topText, json = false }: PredictFlags) => {
      const top = readTop(topText);
      const files = await imageFiles(images);
      const { loadClassifier } = await import('../../search/classifier.ts');
      const classifier = await loadClassifier(path);
      const style = styler(terminal.stdout);
      let unreadable = 0;
      try {
        for (const file of files) {
          if (signal.aborted) break;
          try {
            const predictions = (await classifier.classify(file)).slice(0, top);
            print(
              terminal,
              ...(json ? [JSON.stringify({ image: file, predictions })] : lines(file, predictions)),
            );
          } catch (error) {
            // One bad image must not keep the others from being classified.
            if (!(error instanceof EspalierError) || files.length === 1) throw error;
            unreadable++;
            if (json)
              print(terminal, JSON.stringify({ image: file, error: error.message, hint: error.hint }));
            terminal.stderr.write(`error: ${error.message}\n`);
          }
        }
      } finally {
        await classifier.release();
      }
      finish(signal.aborted ? EXIT.interrupted : unreadable > 0 ? EXIT.data : EXIT.ok);

      function lines(file: string, predictions: readonly Prediction[]): string[] {
        const rows = predictions.map(({ label, probability }) => [`  ${label}`, formatPercent(probability)]);
        return [style('bold', file), ...tableLines(rows, 'lr')];
      }
    });
};
