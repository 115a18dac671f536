/** Where a device is, in one line: `http://192.168.1.5:8377/?provider=webgpu#TOKEN`. */
import { fail } from '../../errors.ts';

export interface DeviceAddress {
  /** `http://host:port` */
  readonly origin: string;
  readonly token: string | null;
  /** The execution provider to measure with; null: the device's usual one. */
  readonly provider: string | null;
}

/** The token stands in the fragment, which is neither sent nor logged on the way. @throws USAGE */
export function parseDeviceAddress(text: string): DeviceAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return fail('USAGE', {
      what: `"${withoutToken(text)}" is not the address of a device`,
      hint: 'Write it as `espalier device serve` prints it: http://host:port/#TOKEN.',
    });
  const token = decodeURIComponent(url.hash.slice(1));
  return {
    origin: url.origin,
    token: token === '' ? null : token,
    provider: url.searchParams.get('provider'),
  };
}

/** The address for everybody's eyes. */
export const withoutToken = (address: string): string => address.replace(/#.*$/s, '');
