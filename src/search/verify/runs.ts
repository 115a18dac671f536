/** Whether ONNX Runtime takes the file, and gives one finite number for each label. */
import { createSession, type Session } from '../../runtime/session.ts';
import { agrees, type Check, disagrees, unchecked } from './check.ts';
import { type Example, exampleFor } from './example.ts';

export const checkRuns: Check = async ({ bytes, metadata, threads }) => {
  let session: Session | null = null;
  try {
    session = await createSession(bytes, { threads });
    let example: Example;
    try {
      example = exampleFor(session, metadata);
    } catch (error) {
      return unchecked(`ONNX Runtime loads it; ${error instanceof Error ? error.message : String(error)}`);
    }
    const { shape, data } = (await session.run(example.feeds))[session.outputNames[0]!]!;
    if (!Array.from(data, Number).every(Number.isFinite)) return disagrees('its output is not finite');
    if (metadata === null) return agrees(`ONNX Runtime runs it: its output is [${shape.join(', ')}]`);
    const wanted = [example.batch, metadata.labels.length];
    if (shape.join() !== wanted.join())
      return disagrees(`its output is [${shape.join(', ')}] for ${metadata.labels.length} labels`);
    return agrees(
      `ONNX Runtime runs it: ${metadata.labels.length} labels, ${metadata.labels.length} outputs`,
    );
  } catch (error) {
    return disagrees(`ONNX Runtime cannot run it: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await session?.release();
  }
};
