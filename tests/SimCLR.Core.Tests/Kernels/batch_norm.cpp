// Runs BatchNorm.cu on the CPU, a thread for every thread of a block, and prints how far its results are from float64:
// one line for each residual, ReLU and number of channels: what, what is allowed.
#include <barrier>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

using std::fmaf;
using std::sqrt;

struct Index
{
    unsigned x, y;
};

static thread_local Index threadIdx, blockIdx;
static Index blockDim, gridDim;
static std::barrier<> *everybody;

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__
#define __shared__ static

static void __syncthreads() { everybody->arrive_and_wait(); }

static float __uint_as_float(unsigned bits)
{
    float number;
    memcpy(&number, &bits, 4);
    return number;
}

static unsigned __float_as_uint(float number)
{
    unsigned bits;
    memcpy(&bits, &number, 4);
    return bits;
}

#include "BatchNorm.cu"

static void launch(Index grid, Index block, std::function<void()> kernel)
{
    gridDim = grid;
    blockDim = block;
    int count = block.x * block.y;
    for (unsigned y = 0; y < grid.y; y++)
        for (unsigned x = 0; x < grid.x; x++)
        {
            std::barrier<> barrier(count);
            everybody = &barrier;
            std::vector<std::thread> threads;
            for (unsigned i = 0; i < (unsigned)count; i++)
                threads.emplace_back([&, i] {
                    threadIdx = {i % block.x, i / block.x};
                    blockIdx = {x, y};
                    kernel();
                });
            for (auto &thread : threads)
                thread.join();
        }
}

static float uniform(float low, float high) { return low + (high - low) * rand() / (float)RAND_MAX; }

static std::vector<Element> maps(long count, float low, float high)
{
    std::vector<Element> made(count);
    for (auto &e : made)
        e = element(uniform(low, high));
    return made;
}

static Pack *packs_of(std::vector<Element> &maps) { return (Pack *)maps.data(); }

static double worst;

static void compare(double exact, double found)
{
    double scale = 1 + fabs(exact);
    worst = fmax(worst, found == found ? fabs(exact - found) / scale : INFINITY);
}

static double error()
{
    double e = worst;
    worst = 0;
    return e;
}

static void check(long rows, int channels, int columns, bool residual, int relu)
{
    int packs = channels / PACK, chunks = 3;
    auto x = maps(rows * channels, 5, 7), r = maps(rows * channels, -0.5, 0.5), g = maps(rows * channels, -0.5, 0.5);
    std::vector<Element> y(rows * channels), dx(rows * channels), dr(rows * channels);
    std::vector<float> sums(2 * chunks * channels), mean(channels), invstd(channels), running_mean(channels), running_var(channels, 1),
        weight(channels), bias(channels), weight_gradient(channels), bias_gradient(channels), coefficients(3 * channels);
    long long batches = 41;
    for (int c = 0; c < channels; c++)
    {
        weight[c] = uniform(0.5, 1.5);
        bias[c] = uniform(-0.5, 0.5);
    }
    Index grid = {(unsigned)(packs / columns), (unsigned)chunks}, block = {(unsigned)columns, 12}, all = {(unsigned)(channels + 31) / 32, 1}, square = {32, 32};
    Pack *px = packs_of(x), *pr = residual ? packs_of(r) : nullptr, *py = packs_of(y), *pg = packs_of(g);
    Pack *told = residual && relu ? py : nullptr, *pdr = residual ? packs_of(dr) : nullptr;
    launch(grid, block, [&] { moments(px, sums.data(), rows, packs); });
    launch(all, square, [&] {
        finish_moments(sums.data(), x.data(), mean.data(), invstd.data(), running_mean.data(), running_var.data(), &batches, rows, channels, chunks, 0.1f, 1e-5);
    });
    launch(grid, block, [&] { normalize(px, pr, py, mean.data(), invstd.data(), weight.data(), bias.data(), rows, packs, relu); });
    launch(grid, block, [&] {
        gradient_moments(pg, told, px, mean.data(), invstd.data(), weight.data(), bias.data(), sums.data(), rows, packs, relu);
    });
    launch(all, square, [&] {
        finish_gradients(sums.data(), invstd.data(), weight.data(), weight_gradient.data(), bias_gradient.data(), coefficients.data(), rows, channels, chunks);
    });
    launch(grid, block, [&] {
        input_gradients(pg, told, px, mean.data(), invstd.data(), weight.data(), bias.data(), coefficients.data(), packs_of(dx), pdr, rows, packs, relu);
    });

    double statistics = 0, outputs = 0, parameters = 0, inputs = 0;
    for (int c = 0; c < channels; c++)
    {
        double m = 0, v = 0, sum = 0, product = 0;
        for (long i = 0; i < rows; i++)
            m += number(x[i * channels + c]) / (double)rows;
        for (long i = 0; i < rows; i++)
            v += pow(number(x[i * channels + c]) - m, 2) / rows;
        double inverse = 1 / sqrt(v + 1e-5);
        compare(0.1 * m, running_mean[c]);
        compare(0.9 + 0.1 * v * rows / (rows - 1), running_var[c]);
        statistics = fmax(statistics, error());
        for (long i = 0; i < rows; i++)
        {
            long at = i * channels + c;
            double h = (number(x[at]) - m) * inverse, out = weight[c] * h + bias[c] + (residual ? number(r[at]) : 0);
            compare(relu && out < 0 ? 0 : out, number(y[at]));
            // The mask is that of the result as it was rounded.
            double gradient = !relu || number(y[at]) > 0 ? number(g[at]) : 0;
            sum += gradient;
            product += gradient * h;
        }
        outputs = fmax(outputs, error());
        compare(product, weight_gradient[c]);
        compare(sum, bias_gradient[c]);
        parameters = fmax(parameters, error());
        for (long i = 0; i < rows; i++)
        {
            long at = i * channels + c;
            double h = (number(x[at]) - m) * inverse, gradient = !relu || number(y[at]) > 0 ? number(g[at]) : 0;
            compare(weight[c] * inverse * (gradient - sum / rows - h * product / rows), number(dx[at]));
            if (residual)
                compare(gradient, number(dr[at]));
        }
        inputs = fmax(inputs, error());
    }
    double rounding = sizeof(Element) == 2 ? 4e-3 : 4e-6;
    printf("%g %g\n%g %g\n%g %g\n%g %g\n%lld 42\n", statistics, 1e-6, outputs, rounding, parameters, 1e-5, inputs, rounding, batches);
}

int main()
{
    for (int residual = 0; residual < 2; residual++)
        for (int relu = 0; relu < 2; relu++)
        {
            check(1000, 24, 24 / PACK, residual, relu);
            check(37, 80, 80 / PACK / 2, residual, relu);
        }
}
