import { EXIT } from '../../errors.ts';
import { modelCost, modelLayers } from '../../onnx/model-layers.ts';
import { readModelFile } from '../../onnx/read-file.ts';
import { formatBytes, formatCount } from '../../report/format.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines, truncate } from '../table.ts';
import { print, styler } from '../terminal.ts';

export const addInspect: AddCommand = (program, { terminal }, finish) => {
  program
    .command('inspect')
    .summary('show the layers, shapes and cost of an ONNX file')
    .description(
      'Shows what is in an ONNX file: inputs and outputs, every layer with its shape, parameters and ' +
        'multiply-accumulates for one image, and the metadata.',
    )
    .argument('<model>', 'an .onnx file')
    .option('--json', 'as JSON')
    .addHelpText('after', examples('inspect runs/digits/model.onnx', 'inspect model.onnx --json'))
    .action(async (path: string, { json = false }: { json?: boolean }) => {
      const { model, bytes } = await readModelFile(path);
      const layers = modelLayers(model);
      const { params, macs } = modelCost(model);
      const { inputs, outputs } = model.graph;
      const summary = {
        path,
        bytes: bytes.length,
        producer: model.producer,
        irVersion: model.irVersion,
        opsets: model.opsets,
        inputs,
        outputs,
        params,
        macs,
      };
      if (json) print(terminal, JSON.stringify({ ...summary, layers, metadata: model.metadata }));
      else {
        const style = styler(terminal.stdout);
        const shape = (dims: readonly (number | string)[] | null): string =>
          dims === null ? '?' : dims.join('×');
        const value = (v: (typeof inputs)[number]): string => `${v.name}  ${v.dtype} ${shape(v.shape)}`;
        print(
          terminal,
          ...tableLines([
            ['file', `${path}, ${formatBytes(bytes.length)}`],
            ['written by', model.producer || '(not said)'],
            [
              'format',
              `IR ${model.irVersion}, ${Object.entries(model.opsets)
                .map(([d, v]) => `opset ${d === '' ? '' : `${d} `}${v}`)
                .join(', ')}`,
            ],
            ...inputs.filter((v) => !model.graph.initializers.has(v.name)).map((v) => ['input', value(v)]),
            ...outputs.map((v) => ['output', value(v)]),
            [
              'cost',
              `${formatCount(params)} parameters, ${macs === null ? 'unknown' : formatCount(macs)} MACs an image`,
            ],
          ]),
          '',
          ...tableLines(
            [
              ['layer', 'operator', 'output', 'params', 'MACs'].map((head) => style('bold', head)),
              ...layers.map((l) => [
                l.name,
                l.op,
                shape(l.shape),
                l.params === 0 ? '' : formatCount(l.params),
                l.macs === null ? '?' : l.macs === 0 ? '' : formatCount(l.macs),
              ]),
            ],
            'lllrr',
          ),
          ...(Object.keys(model.metadata).length === 0
            ? []
            : [
                '',
                style('bold', 'metadata'),
                ...tableLines(Object.entries(model.metadata).map(([key, text]) => [key, truncate(text, 90)])),
              ]),
        );
      }
      finish(EXIT.ok);
    });
};
