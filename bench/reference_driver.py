"""Runs the functions of the reference's checkout for bench/reference.ts, and times them.

    python3 reference_driver.py DIR                          answers requests, one JSON object a line
    python3 reference_driver.py DIR NAME OUT N SEEDS EPOCHS    runs a controlled experiment and exits

A request {"kind", "arrays", "options", "part", "save"} does `part` units of one kind of work (steps,
epochs, rounds, samples) on arrays that lie in raw little-endian files. The answer has the seconds of
the work alone, numbers and, as files in the folder `save`, arrays by which to compare the results.
Nothing here computes what is measured: every kind calls the reference's own functions.
"""

import importlib
import json
import os
import sys
import time
import types
from pathlib import Path

if "REFERENCE_LIBRARIES" in os.environ:
    # the loader reads its path at the start of a process only
    os.environ["LD_LIBRARY_PATH"] = os.environ.pop("REFERENCE_LIBRARIES")
    os.execv(sys.executable, [sys.executable, *sys.argv])

try:
    import numpy as np
    import torch
except ImportError as error:  # in the words of the protocol
    print(json.dumps({"error": f"ImportError: {error}"}))
    sys.exit(1)

SEED = 0
BATCH = 64
CPU = torch.device("cpu")


class AdaptiveLR:
    """The adaptive rate, which the checkout lacks: times 1.1 at every new best loss, times 0.5 after
    every second step in a row without one, within 1e-6 and 1."""

    def __init__(self, optimizer, verbose=False):
        self.groups = optimizer.param_groups
        self.best = float("inf")
        self.stale = 0

    def step(self, loss):
        factor = 1.0
        if loss < self.best:
            self.best, self.stale, factor = loss, 0, 1.1
        else:
            self.stale += 1
            if self.stale == 2:
                self.stale, factor = 0, 0.5
        for group in self.groups:
            group["lr"] = min(max(group["lr"] * factor, 1e-6), 1.0)


def use_checkout(folder):
    """Makes the checkout's modules importable, with a stand-in for the one that it lacks."""
    sys.path.insert(0, folder)
    stand_in = types.ModuleType("src.opt")
    stand_in.AdaptiveLR = AdaptiveLR
    sys.modules["src.opt"] = stand_in
    for name in ("models.saes", "models.sparse_coding", "models.linear_probe", "utils.metrics"):
        importlib.import_module(name)


def float_tensor(array):
    return torch.tensor(array, dtype=torch.float32)


# A kind takes the arrays, the options and the part, and returns the work to time and what turns the
# work's result into the numbers and arrays to compare.


def train(arrays, options, epochs, loader, id_inputs, ood_inputs):
    saes = sys.modules["models.saes"]
    kind, n, k = options["type"], options["n"], options["k"]
    config = saes.SAEConfig(
        num_latents=n, k=k, width=n, sae_type=kind, epochs=epochs, seed=SEED, print_every=epochs
    )

    def make():
        torch.manual_seed(SEED)
        return saes.SAE(id_inputs.shape[1], n, kind, kval_topk=k, mp_kval=k)

    start = None
    if "Ae" in arrays:
        start = make()
        names = [name for name, _ in start.named_parameters()]
        start.load_state_dict({name: float_tensor(arrays[name]) for name in names})

    def work():
        model = start if start is not None else make()
        return saes.train_sae(model, loader, id_inputs, ood_inputs, CPU, config)

    def report(result):
        last = result["history"][-1]
        return {"trainRecon": last["train_recon"], "mseId": last["mse_iid"]}

    return work, report


def sae_steps(arrays, options, steps):
    """One epoch of as many batches as steps, scored on one sample: no loader, no scoring to speak of.
    With the parameters of a model it starts from them, which costs it no time."""
    Y = float_tensor(arrays["trainY"])
    starts = [BATCH * (s % (len(Y) // BATCH)) for s in range(steps)]
    loader = [(Y[start : start + BATCH],) for start in starts]
    return train(arrays, options, 1, loader, Y[:1], Y[:1])


def sae_training(arrays, options, epochs):
    data = torch.utils.data.TensorDataset(float_tensor(arrays["trainY"]))
    loader = torch.utils.data.DataLoader(
        data, batch_size=BATCH, shuffle=True, generator=torch.Generator().manual_seed(SEED)
    )
    scored = [float_tensor(arrays[name]) for name in ("valY", "oodY")]
    return train(arrays, options, epochs, loader, *scored)


def fista(arrays, options, samples):
    """Half of the samples from each split; 0 samples are one of each and no iteration: the set-up."""
    infer = sys.modules["models.sparse_coding"].fista
    D = float_tensor(arrays["A"])
    count = max(samples // 2, 1)
    splits = [float_tensor(arrays[name][:count]) for name in ("valY", "oodY")]
    iterations = 0 if samples == 0 else 100

    def work():
        with torch.no_grad():
            return [infer(X, D, 0.1, n_iter=iterations, nonneg=True) for X in splits]

    return work, lambda codes: {"codesId": codes[0].numpy(), "codesOod": codes[1].numpy()}


def sparse_coding(arrays, options, method, max_steps, print_every):
    module = sys.modules["models.sparse_coding"]
    splits = [float_tensor(arrays[name]) for name in ("valY", "oodY")]
    config = module.SparseCodingConfig(
        input_dim=splits[0].shape[1], num_latents=options["n"], method=method, lam=0.1,
        max_steps=max_steps, n_iter=options.get("nIter", 100), dict_update_every=50, seed=SEED,
        print_every=print_every,
    )
    return lambda: module.train_sparse_coding(*splits, config, device=CPU)


def dictionary_learning(arrays, options, rounds):
    def report(result):
        # the round that stops early leaves no entry
        last, entries = result["history"][-1], len(result["history"])
        return {"mseId": last["mse_iid"], "l0Id": last["l0_iid"],
                "rounds": entries if entries == rounds else entries + 1}

    return sparse_coding(arrays, options, "fista", 50 * rounds, 50 * rounds), report


def softplus_adam(arrays, options, steps):
    def report(result):
        losses = [entry["loss"] for entry in result["history"]]
        second = losses[1] if len(losses) > 1 else losses[0]
        return {"firstLoss": losses[0], "secondLoss": second, "lastLoss": losses[-1]}

    print_every = min(options["historyEvery"], steps - 1)
    return sparse_coding(arrays, options, "direct", steps, print_every), report


def linear_probe(arrays, options, part):
    probe = sys.modules["models.linear_probe"].linear_probe_codes
    inputs = [arrays[name] for name in ("trainY", "trainZ", "valY", "oodY")]
    return lambda: probe(*inputs), lambda codes: {"codesId": codes[0], "codesOod": codes[1]}


def evaluate(arrays, options, part):
    judge = sys.modules["utils.metrics"].evaluate_all
    names = ("codesId", "valLabels", "codesOod", "oodLabels", "valZ", "oodZ")
    inputs = [arrays[name] for name in names]

    def report(row):
        keys = ("mcc_iid", "mcc_ood", "auc_iid", "auc_ood")
        return {key: float(row[key]) for key in keys}

    return lambda: judge(*inputs), report


KINDS = {kind.__name__: kind for kind in (
    sae_steps, sae_training, fista, dictionary_learning, softplus_adam, linear_probe, evaluate)}


def load(arrays):
    return {name: np.fromfile(a["file"], dtype=a["dtype"]).reshape(a["shape"])
            for name, a in arrays.items()}


def save(value, folder, name):
    """Numbers as they are, arrays as files."""
    if not isinstance(value, np.ndarray):
        return value
    path = os.path.join(folder, f"reference_{name}.bin")
    value.astype("<f8").tofile(path)
    return {"file": path, "shape": value.shape, "dtype": "<f8"}


def answer(request):
    arrays = load(request["arrays"])
    work, report = KINDS[request["kind"]](arrays, request["options"], request["part"])
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    if request["save"] is None:
        return {"seconds": seconds}
    values = {name: save(v, request["save"], name) for name, v in report(result).items()}
    return {"seconds": seconds, "values": values}


def versions():
    import sklearn

    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line]
    # whether this is OpenBLAS or the plain BLAS makes a factor of up to ten
    files = {os.path.realpath(line.split()[-1]) for line in open("/proc/self/maps")
             if "/lib" in line and "blas" in line.split("/")[-1]}
    files = {file for file in files if os.path.basename(file).startswith("lib")}
    return {"cpu": model[0] if model else "unknown", "cores": os.cpu_count(),
            "python": sys.version.split()[0], "torch": torch.__version__,
            "numpy": np.__version__, "sklearn": sklearn.__version__,
            "blas": ", ".join(sorted(os.path.basename(file) for file in files))}


def message(error):
    return f"{type(error).__name__}: {error}"


def serve(folder):
    # the reference prints as it goes: answers need a channel of their own
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def send(reply):
        channel.write(json.dumps(reply) + "\n")
        channel.flush()

    try:
        use_checkout(folder)
        send({"ready": versions()})
    except Exception as error:
        send({"error": message(error)})
        return
    for line in sys.stdin:
        try:
            send(answer(json.loads(line)))
        except Exception as error:
            send({"error": message(error)})


def controlled(folder, name, out, n, seeds, epochs):
    use_checkout(folder)
    experiment = importlib.import_module(f"experiments.controlled.exp_{name}")
    experiment.ROOT = Path(out)  # results go below it: the checkout stays as it is
    seeds = [int(seed) for seed in seeds.split(",") if seed]
    experiment.run(epochs=int(epochs), seeds=seeds, min_n=int(n), max_n=int(n))


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    if len(sys.argv) == 2:
        serve(sys.argv[1])
    else:
        controlled(*sys.argv[1:])
