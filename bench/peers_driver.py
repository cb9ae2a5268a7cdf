"""Runs the sparse coders of Python's libraries for bench/peers.ts, and times them.

    python3 peers_driver.py REQUEST

REQUEST is a JSON file {"x", "d", "lambda", "tol", "k", "out"}: float64 arrays in raw little-endian files (samples x m
and m x n, with "shape"), the penalty, the gap over ||x||^2 / 2 that is asked for, the atoms of a pursuit, and a
folder for the codes. Prints one JSON object: for each coder its CPU seconds and the file of its codes, or why it did
not run. Codes are non-negative, but for the pursuit's. Gram matrices are made before the clock starts.
"""

import importlib
import json
import sys
import time
import warnings

import numpy as np


def read(array):
    return np.fromfile(array["file"], dtype="<f8").reshape(array["shape"])


def lasso_cd(X, D, request, gram):
    """Coordinate descent for one target after another, with or without the Gram matrix: the faster."""
    from sklearn.linear_model import Lasso

    m = D.shape[0]
    # its objective is ours over m, and it stops at a gap of tol * ||x||^2
    settings = dict(
        alpha=request["lambda"] / m,
        fit_intercept=False,
        positive=True,
        tol=request["tol"] / 2,
        max_iter=100_000,
    )

    def solve(rows, precompute):
        model = Lasso(precompute=precompute, **settings)
        return np.array([model.fit(D, x).coef_ for x in rows])

    def seconds(precompute):
        start = time.process_time()
        solve(X[:2], precompute)
        return time.process_time() - start

    D = np.asfortranarray(D)
    precompute = min([False, gram], key=seconds)
    return lambda: solve(X, precompute)


def lasso_lars(X, D, request, gram):
    from sklearn.decomposition import sparse_encode

    options = dict(algorithm="lasso_lars", alpha=request["lambda"], positive=True, gram=gram)
    return lambda: sparse_encode(X, D.T, max_iter=10_000, **options)


def orthogonal_mp_gram(X, D, request, gram):
    from sklearn.linear_model import orthogonal_mp_gram as pursue

    return lambda: pursue(gram, D.T @ X.T, n_nonzero_coefs=request["k"]).T


def celer(X, D, request, gram):
    from celer import Lasso

    m = D.shape[0]
    model = Lasso(
        alpha=request["lambda"] / m, fit_intercept=False, positive=True, tol=request["tol"] / 2
    )
    D = np.asfortranarray(D)
    return lambda: np.array([model.fit(D, x).coef_ for x in X])


def spams(X, D, request, gram):
    import spams as library

    X, D = np.asfortranarray(X.T), np.asfortranarray(D)
    options = dict(lambda1=request["lambda"], mode=2, pos=True, numThreads=1)
    return lambda: library.lasso(X, D, **options).toarray().T


CODERS = [lasso_cd, lasso_lars, orthogonal_mp_gram, celer, spams]
MODULES = {"celer": "celer", "spams": "spams"}


def main():
    warnings.simplefilter("ignore")
    with open(sys.argv[1]) as file:
        request = json.load(file)
    X, D = read(request["x"]), read(request["d"])
    gram = D.T @ D
    results = {}
    for coder in CODERS:
        name = coder.__name__
        try:
            importlib.import_module(MODULES.get(name, "sklearn"))
            work = coder(X, D, request, gram)
            start = time.process_time()
            codes = work()
            seconds = time.process_time() - start
            path = f"{request['out']}/{name}.bin"
            np.ascontiguousarray(codes, dtype="<f8").reshape(len(X), -1).tofile(path)
            results[name] = {"seconds": seconds, "codes": path}
        except Exception as error:  # in the words of the protocol
            results[name] = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(results))


if __name__ == "__main__":
    main()
