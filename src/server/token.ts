/** The secret that a device asks for. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 144 random bits, fit for an address. */
export const createToken = (): string => randomBytes(18).toString('base64url');

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether an `Authorization` header carries the token; takes as long for every wrong one. */
export function authorised(header: string | undefined, token: string): boolean {
  const given = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}
