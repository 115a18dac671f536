/** The command line of a benchmark, which the comment at the head of its file documents. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ParseArgsConfig, parseArgs } from 'node:util';

/**
 * As `parseArgs`. With `--help` the comment is printed and the process ends; so does it, with status 2, where an option is not
 * one of those.
 * @param url `import.meta.url` of the benchmark
 */
export function commandLine<const T extends ParseArgsConfig>(
  url: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    console.log(headComment(fileURLToPath(url)));
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n--help has the options.`);
    process.exit(2);
  }
}

function headComment(path: string): string {
  const [, comment = ''] = readFileSync(path, 'utf8').match(/^\/\*\*\n([\s\S]*?) \*\/\n/) ?? [];
  return comment.replace(/^ \* ?/gm, '').trimEnd();
}
