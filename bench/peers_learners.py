"""Learns dictionaries with Python's libraries for bench/peers_learners.ts, for so many seconds each.

    python3 peers_learners.py REQUEST

REQUEST is a JSON file {"x", "n", "lambda", "alphas", "seed", "seconds", "reference", "out"}: samples in a raw
little-endian file (float64, with "shape"), atoms to learn, the reference's penalty, scikit-learn's, CPU seconds, a
checkout of the reference or null, and a folder for the dictionaries. Prints one JSON object: for each learner its CPU
seconds, its passes over the samples and the file of its dictionary (m x n, float64), or why it did not run.
A learner ends with the pass, or the batch, in which its time is over; all start from the same random unit atoms.
"""

import contextlib
import importlib
import json
import sys
import time
import types
import warnings

import numpy as np

BATCH = 256


def read(array):
    return np.fromfile(array["file"], dtype="<f8").reshape(array["shape"])


def random_atoms(request, m):
    atoms = np.random.RandomState(request["seed"]).standard_normal((request["n"], m))
    return atoms / np.linalg.norm(atoms, axis=1, keepdims=True)


# A learner takes the samples and the request, imports what it needs and returns the work to time. The work is asked
# whether its time is over, and returns the dictionary and its passes over the samples.


def mini_batches(alpha):
    def prepare(X, request):
        from sklearn.decomposition import MiniBatchDictionaryLearning

        random = np.random.RandomState(request["seed"])
        model = MiniBatchDictionaryLearning(
            request["n"],
            alpha=alpha,
            fit_algorithm="cd",
            positive_code=True,
            batch_size=BATCH,
            dict_init=random_atoms(request, X.shape[1]),
            random_state=request["seed"],
        )

        def work(over):
            batches = 0
            while True:
                order = random.permutation(len(X))
                for start in range(0, len(X) - BATCH + 1, BATCH):
                    model.partial_fit(X[order[start : start + BATCH]])
                    batches += 1
                    if over():
                        return model.components_.T, batches * BATCH / len(X)

        return work

    return prepare


def all_samples(alpha):
    def prepare(X, request):
        """One iteration of DictionaryLearning's own function at a time, to be able to stop it."""
        from sklearn.decomposition import dict_learning

        options = dict(alpha=alpha, max_iter=1, method="cd", positive_code=True)

        def work(over):
            code, atoms = np.zeros((len(X), request["n"])), random_atoms(request, X.shape[1])
            passes = 0
            while True:
                code, atoms, _ = dict_learning(
                    X,
                    request["n"],
                    code_init=code,
                    dict_init=atoms,
                    random_state=request["seed"] + passes,
                    **options,
                )
                passes += 1
                if over():
                    return atoms.T, passes

        return work

    return prepare


class AdaptiveLR:
    """Stands in for a module that the checkout lacks; dictionary learning does not use it."""


def dl_fista(X, request):
    import torch

    torch.set_num_threads(1)
    module = types.ModuleType("src.opt")
    module.AdaptiveLR = AdaptiveLR
    sys.modules["src.opt"] = module
    sys.path.insert(0, request["reference"])
    coding = importlib.import_module("models.sparse_coding")
    config = coding.SparseCodingConfig(
        input_dim=X.shape[1],
        num_latents=request["n"],
        method="fista",
        lam=request["lambda"],
        max_steps=10**9,
        n_iter=100,
        dict_update_every=50,
        seed=request["seed"],
    )
    samples = torch.tensor(X, dtype=torch.float32)
    start = random_atoms(request, X.shape[1]).T.astype(np.float32)

    def work(over):
        # its bar over the rounds, which ends them when the time is over
        passes = 0

        def until_over(planned, **_):
            nonlocal passes
            for index in planned:
                yield index
                passes += 1
                if over():
                    return

        coding.tqdm = until_over
        # it codes the samples out of distribution as well: one of them, not to take its time
        result = coding.train_sparse_coding(
            samples, samples[:1], config, D_init=start, device=torch.device("cpu")
        )
        return result["dictionary"], passes

    return work


def main():
    warnings.simplefilter("ignore")
    with open(sys.argv[1]) as file:
        request = json.load(file)
    X = read(request["x"])
    learners = {}
    for alpha in request["alphas"]:
        learners[f"MiniBatchDictionaryLearning, alpha {alpha}"] = mini_batches(alpha)
    for alpha in request["alphas"]:
        learners[f"DictionaryLearning, alpha {alpha}"] = all_samples(alpha)
    if request["reference"]:
        learners["DL-FISTA of the reference"] = dl_fista
    results = {}
    for number, (name, prepare) in enumerate(learners.items()):
        try:
            # the reference prints as it goes
            with contextlib.redirect_stdout(sys.stderr):
                work = prepare(X, request)
                start = time.process_time()
                dictionary, passes = work(
                    lambda: time.process_time() - start > request["seconds"]
                )
            seconds = time.process_time() - start
            path = f"{request['out']}/{number}.bin"
            np.ascontiguousarray(dictionary, dtype="<f8").tofile(path)
            results[name] = {"seconds": seconds, "passes": passes, "dictionary": path}
        except Exception as error:  # in the words of the protocol
            results[name] = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(results))


if __name__ == "__main__":
    main()
