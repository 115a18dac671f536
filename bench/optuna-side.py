"""Time of one suggestion by Optuna's samplers with a history of given length: argv is sampler, history, repetitions."""
import sys
import time

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
name, history, repetitions = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SAMPLERS = {
    "random": lambda: optuna.samplers.RandomSampler(seed=1),
    "tpe": lambda: optuna.samplers.TPESampler(seed=1),
    "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=1),
}
distributions = {f"op{i}": optuna.distributions.CategoricalDistribution(["a", "b", "c", "d", "e"]) for i in range(6)}
distributions |= {f"width{i}": optuna.distributions.IntDistribution(1, 16) for i in range(3)}
distributions["rate"] = optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True)

study = optuna.create_study(sampler=SAMPLERS[name](), directions=["maximize", "minimize"] if name == "nsga2" else ["maximize"])
generator = optuna.samplers.RandomSampler(seed=2)
source = optuna.create_study(sampler=generator)
trials = []
for i in range(history):
    trial = source.ask(distributions)
    value = sum(trial.params[f"width{k}"] for k in range(3)) + 10 * trial.params["rate"]
    values = [value, trial.params["rate"]] if name == "nsga2" else [value]
    # NSGA-II takes the generation from the trial's attributes, and starts anew without them.
    attributes = {"nsga2:generation": i // 50} if name == "nsga2" else {}
    trials.append(
        optuna.trial.create_trial(
            params=trial.params, distributions=distributions, values=values, system_attrs=attributes
        )
    )
study.add_trials(trials)
began = time.perf_counter()
for _ in range(repetitions):
    trial = study.ask(distributions)
    study.tell(trial, [0.0, 0.0] if name == "nsga2" else 0.0)
print(1000 * (time.perf_counter() - began) / repetitions)
