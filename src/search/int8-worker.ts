/** The module that a quantising process runs. */
import { readDatasetCache } from '../data/cache.ts';
import { answerQuestions } from '../process/asked-process.ts';
import { answerJob, type Int8Job } from './int8-process.ts';

answerQuestions(async (job: Int8Job) =>
  answerJob(job, await readDatasetCache(job.dataset), new AbortController().signal),
);
