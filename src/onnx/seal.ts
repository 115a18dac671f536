/**
 * A digest inside the file that it is the digest of: SHA-256 over all bytes but those of the one metadata entry that
 * holds it. It shows damage and careless changes; whoever changes a file on purpose can also write a new digest.
 *
 * The entry stands last in the file. Anybody can check it without Espalier: leave out the field `metadata_props` (14) of
 * `ModelProto` whose key is `espalier.digest`, and hash the rest.
 */
import { createHash } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { encodeModel } from './encode.ts';
import type { OnnxModel } from './model.ts';
import { ModelProtoSchema, StringStringEntryProtoSchema } from './onnx_pb.ts';

const KEY = 'espalier.digest';
const METADATA_PROPS = 14;

/** The model's file with its digest; one that it had before is replaced. */
export function sealModel(model: OnnxModel): Uint8Array {
  const { [KEY]: _, ...metadata } = model.metadata;
  const content = encodeModel({ ...model, metadata });
  const seal = entryOf(JSON.stringify(sha256([content])));
  const bytes = new Uint8Array(content.length + seal.length);
  bytes.set(content);
  bytes.set(seal, content.length);
  return bytes;
}

export interface DigestCheck {
  /** Null where the file has none, or more than one. */
  readonly recorded: string | null;
  readonly computed: string;
}

/** @param bytes of an ONNX file that can be decoded */
export function checkDigest(bytes: Uint8Array): DigestCheck {
  const recorded: string[] = [];
  const rest: Uint8Array[] = [];
  for (const { field, whole } of topLevelFields(bytes)) {
    const own = field === METADATA_PROPS ? digestIn(whole) : null;
    if (own === null) rest.push(whole);
    else recorded.push(own);
  }
  return { recorded: recorded.length === 1 ? recorded[0]! : null, computed: sha256(rest) };
}

/** The entry as bytes: a model that consists of nothing else. */
function entryOf(value: string): Uint8Array {
  const entry = create(StringStringEntryProtoSchema, { key: KEY, value });
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { metadataProps: [entry] }));
}

/**
 * The digest that a metadata entry holds; null where it is another entry, or is not written as ours are: protobuf has
 * many ways to say the same, and what is left out of the digest must not differ unseen.
 */
function digestIn(entry: Uint8Array): string | null {
  const [found] = fromBinary(ModelProtoSchema, entry).metadataProps;
  if (found?.key !== KEY || Buffer.compare(entryOf(found.value), entry) !== 0) return null;
  return /^"(.*)"$/.exec(found.value)?.[1] ?? found.value;
}

function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return `sha256:${hash.digest('hex')}`;
}

/** Wire types of protobuf with a length of their own. */
const FIXED_LENGTH: Readonly<Record<number, number>> = { 1: 8, 5: 4 };
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** The fields of a well-formed message in order, each with its tag. */
function* topLevelFields(
  bytes: Uint8Array,
): Generator<{ readonly field: number; readonly whole: Uint8Array }> {
  for (let at = 0; at < bytes.length; ) {
    const start = at;
    const tag = varint(bytes, at);
    at = tag.end;
    const type = tag.value % 8;
    if (type === VARINT) at = varint(bytes, at).end;
    else if (type === LENGTH_DELIMITED) {
      const length = varint(bytes, at);
      at = length.end + length.value;
    } else at += FIXED_LENGTH[type] ?? bytes.length;
    yield { field: Math.floor(tag.value / 8), whole: bytes.subarray(start, at) };
  }
}

/** Base-128 number, least significant first. A number beyond 2^53 loses its last digits, which no length has. */
function varint(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  let at = start;
  for (let scale = 1; at < bytes.length; scale *= 128) {
    const byte = bytes[at++]!;
    value += (byte % 128) * scale;
    if (byte < 128) break;
  }
  return { value, end: at };
}
