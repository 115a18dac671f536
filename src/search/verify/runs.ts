/** Whether ONNX Runtime takes the file, and gives one finite number for each label. */
import { createSession, type Session } from '../../runtime/session.ts';
import { agrees, type Check, disagrees } from './check.ts';
import { exampleOf } from './example.ts';

export const checkRuns: Check = async ({ bytes, metadata, threads }) => {
  let session: Session | null = null;
  try {
    session = await createSession(bytes, { threads });
    const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
    const { shape, data } = (await session.run({ [input]: exampleOf(metadata) }))[output]!;
    const wanted = [1, metadata.labels.length];
    if (shape.join() !== wanted.join())
      return disagrees(`its output is [${shape.join(', ')}] for ${metadata.labels.length} labels`);
    if (!Array.from(data, Number).every(Number.isFinite)) return disagrees('its output is not finite');
    return agrees(
      `ONNX Runtime runs it: ${metadata.labels.length} labels, ${metadata.labels.length} outputs`,
    );
  } catch (error) {
    return disagrees(`ONNX Runtime cannot run it: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await session?.release();
  }
};
