// Copyright 2026 spike_recon_ros maintainers
// SPDX-License-Identifier: Apache-2.0
//
// The voxel grid of representations/voxel_grid.py on the device, one thread per event, as
// float [bins, height, width], and the padding of representations/padding.py.
//
// The addends equal those of the CPU bit for bit. Atomics add them in no fixed order, so sums may
// differ in their last digits; where addends cancel, some orders leave a remainder instead of zero.
// A test compiles this file for the CPU.

namespace {

constexpr int SLOTS = 32;  // partial sums, so that fewer threads wait for the same address

__device__ long long this_thread() {
    return static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
}

__device__ long long all_threads() {
    return static_cast<long long>(gridDim.x) * blockDim.x;
}

__device__ double total_of(const double *slots) {
    double total = 0.0;
    for (int slot = 0; slot < SLOTS; ++slot) total += slots[slot];
    return total;
}

__device__ int mirrored(int index, int count) {
    if (index < count) return index;
    const int last = count - 1, period = 2 * last > 1 ? 2 * last : 1;
    const int away = index % period - last;
    return last - (away < 0 ? -away : away);
}

}  // namespace

// `place` is the position of an event between the bins; the two nearest bins share it.
extern "C" __global__ void accumulate(float *grid, const long long *t_ns, const unsigned short *x,
                                      const unsigned short *y, const unsigned char *p,
                                      long long count, long long t_start_ns, double bins_per_ns,
                                      int bins, int height, int width) {
    const long long i = this_thread();
    if (i >= count || x[i] >= width || y[i] >= height) return;
    const int last = bins - 1;
    double place = static_cast<double>(t_ns[i] - t_start_ns) * bins_per_ns;
    place = place > 0.0 ? place : 0.0;
    place = place < last ? place : static_cast<double>(last);
    const int lower = static_cast<int>(place);
    const int upper = lower < last ? lower + 1 : last;
    const float upper_share = static_cast<float>(place - lower);
    const float polarity = static_cast<float>(2 * p[i] - 1);
    const long long plane = static_cast<long long>(height) * width;
    float *pixel = grid + static_cast<long long>(y[i]) * width + x[i];
    atomicAdd(pixel + lower * plane, (1.0f - upper_share) * polarity);
    atomicAdd(pixel + upper * plane, upper_share * polarity);
}

// Normalisation `nonzero` in three passes. `sums` holds SLOTS counts, totals and squares, zero before
// the first pass. The squares are those of deviations from the mean, which are zero for equal entries.
extern "C" __global__ void sum_nonzero(const float *grid, long long size, double *sums) {
    double count = 0.0, total = 0.0;
    for (long long i = this_thread(); i < size; i += all_threads()) {
        if (grid[i] == 0.0f) continue;
        count += 1.0;
        total += grid[i];
    }
    if (count == 0.0) return;
    const int slot = static_cast<int>(this_thread() % SLOTS);
    atomicAdd(sums + slot, count);
    atomicAdd(sums + SLOTS + slot, total);
}

extern "C" __global__ void sum_squares(const float *grid, long long size, double *sums) {
    const double mean = total_of(sums + SLOTS) / total_of(sums);
    double squares = 0.0;
    for (long long i = this_thread(); i < size; i += all_threads()) {
        if (grid[i] != 0.0f) squares += (grid[i] - mean) * (grid[i] - mean);
    }
    if (squares == 0.0) return;
    atomicAdd(sums + 2 * SLOTS + static_cast<int>(this_thread() % SLOTS), squares);
}

extern "C" __global__ void normalise(float *grid, long long size, const double *sums) {
    const double count = total_of(sums), squares = total_of(sums + 2 * SLOTS);
    if (squares == 0.0) return;
    const double mean = total_of(sums + SLOTS) / count, scale = 1.0 / sqrt(squares / count);
    for (long long i = this_thread(); i < size; i += all_threads()) {
        if (grid[i] != 0.0f) grid[i] = static_cast<float>((grid[i] - mean) * scale);
    }
}

// Fills what lies beyond the sensor's height x width with its mirror image, after the normalisation.
extern "C" __global__ void mirror(float *grid, int bins, int rows, int columns, int height,
                                  int width) {
    const long long size = static_cast<long long>(bins) * rows * columns;
    for (long long i = this_thread(); i < size; i += all_threads()) {
        const int x = static_cast<int>(i % columns), y = static_cast<int>(i / columns % rows);
        if (x < width && y < height) continue;
        const long long row = i / columns - y + mirrored(y, height);
        grid[i] = grid[row * columns + mirrored(x, width)];
    }
}
