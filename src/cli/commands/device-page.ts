import { EXIT } from '../../errors.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';
import { addressesOf, addServeFlags, readServeFlags, type ServeFlags, untilAborted } from './serve-flags.ts';

export const addDevicePage: AddCommand = (device, { terminal, signal }, finish) => {
  const command = device
    .command('page')
    .summary('measure in a browser: open the link on a phone')
    .description(
      'Serves a page that measures models in the browser that opens it (onnxruntime-web: WebAssembly, and WebGPU where ' +
        'there is one), until Ctrl-C. The page and the engine come from this machine alone. Searches then measure there ' +
        'through the same address. Threads, WebGPU and a fine clock need https (--cert, --key) or localhost; over plain ' +
        'http a browser measures WebAssembly on one thread, with short models timed several at once.',
    );
  addServeFlags(command)
    .addHelpText(
      'after',
      examples(
        'device page --host 0.0.0.0',
        'device page --host 0.0.0.0 --cert cert.pem --key key.pem',
        'search ./my-images --device phone=http://127.0.0.1:8377/#TOKEN --objectives valAccuracy,latencyMs@phone',
        "search ./my-images --device 'gpu=http://127.0.0.1:8377/?provider=webgpu#TOKEN' --max-latency gpu=5ms",
      ),
    )
    .action(async (flags: ServeFlags) => {
      const options = await readServeFlags(flags);
      const { preparePage } = await import('../../server/page-files.ts');
      const { createPageMeasurer } = await import('../../server/page-measurer.ts');
      const { startDeviceServer } = await import('../../server/device-server.ts');
      const { maxModelBytes } = options;
      const tell = (event: object, text: string): void =>
        print(terminal, flags.json ? JSON.stringify(event) : text);
      const measurer = createPageMeasurer({
        maxModelBytes,
        onPage: (browser) =>
          tell(
            { event: 'page', browser },
            browser === null ? 'the page has gone' : `a page is connected: ${browser}`,
          ),
      });
      const server = await startDeviceServer({
        ...options,
        measurer,
        page: { find: await preparePage(), measurer },
        onMeasured: (text) => tell({ event: 'measured', text }, text),
      });
      const addresses = addressesOf(server.origin, options.host, options.token);
      const here = addresses[addresses.length - 1]!;
      if (flags.json) print(terminal, JSON.stringify({ event: 'serving', addresses }));
      else
        print(
          terminal,
          ...tableLines([
            ...addresses.map((address) => ['open', address]),
            [
              'search',
              `espalier search DATA --device phone='${here}' --objectives valAccuracy,latencyMs@phone`,
            ],
          ]),
          'Open one of the links in the browser that is to measure. Press Ctrl-C to end.',
        );
      await untilAborted(signal);
      await server.close();
      finish(EXIT.ok);
    });
};
