import { EXIT } from '../../errors.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';
import { addressesOf, addServeFlags, readServeFlags, type ServeFlags, untilAborted } from './serve-flags.ts';

/** What the example calls this machine. */
const NAME = 'board';

export const addDeviceServe: AddCommand = (device, { terminal, signal }, finish) => {
  const command = device
    .command('serve')
    .summary('let searches on other machines measure on this one')
    .description(
      'Takes ONNX models and returns how long they take on this machine, one after another, until Ctrl-C. Each is run ' +
        'in a process of its own, which a model may crash. Only this machine may ask unless --host says otherwise, and ' +
        'only who knows the token. Models are not kept. The connection is not encrypted without --cert.',
    );
  addServeFlags(command)
    .addHelpText(
      'after',
      examples(
        'device serve',
        'device serve --host 0.0.0.0 --port 8377',
        'device measure model.onnx --device http://192.168.1.5:8377/#TOKEN',
        'search ./my-images --device board=http://192.168.1.5:8377/#TOKEN --max-latency board=5ms',
      ),
    )
    .action(async (flags: ServeFlags) => {
      const options = await readServeFlags(flags);
      const { createProcessMeasurer } = await import('../../server/process-measurer.ts');
      const { startDeviceServer } = await import('../../server/device-server.ts');
      const measurer = createProcessMeasurer(options.maxModelBytes);
      const server = await startDeviceServer({
        ...options,
        measurer,
        onMeasured: (line) =>
          print(terminal, flags.json ? JSON.stringify({ event: 'measured', text: line }) : line),
      });
      const addresses = addressesOf(server.origin, options.host, options.token);
      const about = measurer.describe();
      if (flags.json) print(terminal, JSON.stringify({ event: 'serving', addresses, about }));
      else
        print(
          terminal,
          ...tableLines([
            ...addresses.map((address) => ['device', address]),
            [
              'search',
              `espalier search DATA --device ${NAME}='${addresses[0]}' --objectives valAccuracy,latencyMs@${NAME}`,
            ],
            ...(options.token === null ? [['token', 'none: every program of this machine may ask']] : []),
          ]),
          'Press Ctrl-C to end.',
        );
      await untilAborted(signal);
      await server.close();
      finish(EXIT.ok);
    });
};
