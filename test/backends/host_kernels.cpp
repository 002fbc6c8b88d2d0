// Copyright 2026 spike_recon_ros maintainers
// SPDX-License-Identifier: Apache-2.0
//
// Kernels of CUDA on the CPU: thread after thread, forwards or backwards. SOURCE is their file.

#include <cmath>

#define __global__
#define __device__

struct Index {
    int x;
};
static Index threadIdx, blockIdx, blockDim, gridDim;

template <class T>
T atomicAdd(T *address, T value) {
    const T before = *address;
    *address = before + value;
    return before;
}

using std::sqrt;

#include SOURCE

template <auto kernel>
struct Runner;

template <class... Arguments, void (*kernel)(Arguments...)>
struct Runner<kernel> {
    static void run(int blocks, int threads, int backwards, Arguments... arguments) {
        gridDim.x = blocks;
        blockDim.x = threads;
        for (int i = 0; i < blocks * threads; ++i) {
            const int thread = backwards ? blocks * threads - 1 - i : i;
            blockIdx.x = thread / threads;
            threadIdx.x = thread % threads;
            kernel(arguments...);
        }
    }
};

#define EXPORT(kernel) extern "C" { void *run_##kernel = (void *)&Runner<kernel>::run; }
EXPORT(accumulate)
EXPORT(sum_nonzero)
EXPORT(sum_squares)
EXPORT(normalise)
