/** The module a worker process runs. */
import { readDatasetCache } from '../data/cache.ts';
import { evaluateTrial } from '../estimation/evaluate-trial.ts';
import { serveJobs } from './serve-jobs.ts';

serveJobs(evaluateTrial, readDatasetCache);
