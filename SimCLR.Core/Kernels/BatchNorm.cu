// Batch norm over channels-last maps, seen as a matrix of `rows` (N * H * W) by C channels, together with the residual sum and the ReLU that follow it:
//     y = relu(weight * (x - mean) * invstd + bias + residual)
// Compiled at run time for float32 and, with BFLOAT16 defined, for bfloat16 maps; sums, coefficients and parameters are float32.
//
// A thread holds a pack of PACK channels (16 bytes) and walks down the rows, so that what it knows of its channels stays in registers. Threads (x, y): pack of
// the row, row. Blocks (x, y): group of packs, chunk of rows. Sums of a chunk go to memory and are added by a second kernel in a fixed order: no atomics, the
// same bits every time.

#ifdef BFLOAT16
typedef unsigned short Element;
#define PACK 8
#else
typedef float Element;
#define PACK 4
#endif

#define THREADS 256

struct alignas(16) Pack
{
    Element of[PACK];
};

static __device__ __forceinline__ float number(Element e)
{
#ifdef BFLOAT16
    return __uint_as_float((unsigned)e << 16);
#else
    return e;
#endif
}

// Rounds to nearest, ties to even.
static __device__ __forceinline__ Element element(float x)
{
#ifdef BFLOAT16
    unsigned bits = __float_as_uint(x);
    return x != x ? 0x7fc0 : (Element)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
#else
    return x;
#endif
}

struct Rows
{
    long long first, last;
};

// The rows of this thread's block: first that of the thread itself.
static __device__ __forceinline__ Rows chunk(long long rows)
{
    long long size = (rows + gridDim.y - 1) / gridDim.y;
    long long start = size * blockIdx.y;
    long long end = start + size < rows ? start + size : rows;
    Rows mine = {start + threadIdx.y, end};
    return mine;
}

// Adds both sums of all threads of a column, and writes them to sums[0 and 1][chunk][channel].
static __device__ __forceinline__ void keep(const float *a, const float *b, float *sums, int packs, int pack)
{
    __shared__ float shared[2 * PACK * THREADS];
    int me = threadIdx.y * blockDim.x + threadIdx.x, threads = blockDim.x * blockDim.y;
    for (int i = 0; i < PACK; i++)
    {
        shared[i * threads + me] = a[i];
        shared[(PACK + i) * threads + me] = b[i];
    }
    __syncthreads();
    for (int part = me; part < 2 * PACK * (int)blockDim.x; part += threads)
    {
        int column = part % blockDim.x, kind = part / blockDim.x;
        float sum = 0;
        for (int y = 0; y < (int)blockDim.y; y++)
            sum += shared[kind * threads + y * blockDim.x + column];
        long long channels = (long long)packs * PACK, which = kind / PACK;
        long long channel = (long long)(pack - (int)threadIdx.x + column) * PACK + kind % PACK;
        sums[(which * gridDim.y + blockIdx.y) * channels + channel] = sum;
    }
}

// Sums of x - x[0] and of its square: the first row is near enough to the mean that the squares do not cancel.
extern "C" __global__ void moments(const Pack *__restrict__ x, float *__restrict__ sums, long long rows, int packs)
{
    int pack = blockIdx.x * blockDim.x + threadIdx.x;
    Rows mine = chunk(rows);
    float pivot[PACK], sum[PACK], square[PACK];
    Pack top = x[pack];
    for (int i = 0; i < PACK; i++)
    {
        pivot[i] = number(top.of[i]);
        sum[i] = square[i] = 0;
    }
#pragma unroll 4
    for (long long row = mine.first; row < mine.last; row += blockDim.y)
    {
        Pack here = x[row * packs + pack];
        for (int i = 0; i < PACK; i++)
        {
            float d = number(here.of[i]) - pivot[i];
            sum[i] += d;
            square[i] += d * d;
        }
    }
    keep(sum, square, sums, packs, pack);
}

// A thread's channel in the kernels that add the chunks: 32 channels by 32 chunks a block.
static __device__ __forceinline__ bool added(const float *sums, int chunks, int channels, double *a, double *b)
{
    __shared__ double shared[2][32][33];
    int channel = blockIdx.x * 32 + threadIdx.x;
    double one = 0, two = 0;
    if (channel < channels)
        for (int c = threadIdx.y; c < chunks; c += 32)
        {
            one += sums[(long long)c * channels + channel];
            two += sums[((long long)chunks + c) * channels + channel];
        }
    shared[0][threadIdx.y][threadIdx.x] = one;
    shared[1][threadIdx.y][threadIdx.x] = two;
    __syncthreads();
    if (threadIdx.y != 0 || channel >= channels)
        return false;
    *a = *b = 0;
    for (int y = 0; y < 32; y++)
    {
        *a += shared[0][y][threadIdx.x];
        *b += shared[1][y][threadIdx.x];
    }
    return true;
}

// From the sums: mean and invstd of the batch, and the running statistics moved, as torch.nn.BatchNorm2d moves them.
extern "C" __global__ void finish_moments(const float *sums, const Element *x, float *mean, float *invstd, float *running_mean, float *running_var,
                                          long long *batches, long long rows, int channels, int chunks, float momentum, double epsilon)
{
    double sum, square;
    if (!added(sums, chunks, channels, &sum, &square))
        return;
    int channel = blockIdx.x * 32 + threadIdx.x;
    double shift = sum / rows, variance = square / rows - shift * shift;
    double average = number(x[channel]) + shift;
    variance = variance > 0 ? variance : 0;
    mean[channel] = (float)average;
    invstd[channel] = (float)(1 / sqrt(variance + epsilon));
    if (running_mean)
    {
        double unbiased = rows > 1 ? variance * rows / (rows - 1) : variance;
        running_mean[channel] += momentum * ((float)average - running_mean[channel]);
        running_var[channel] += momentum * ((float)unbiased - running_var[channel]);
        if (channel == 0)
            *batches += 1;
    }
}

// What normalize makes of x before the residual and the ReLU: slope x + shift. Written once, as the backward pass finds the ReLU's mask by the same bits.
struct Line
{
    float slope[PACK], shift[PACK];
};

static __device__ __forceinline__ Line line(const float *mean, const float *invstd, const float *weight, const float *bias, int pack)
{
    Line made;
    for (int i = 0; i < PACK; i++)
    {
        int channel = pack * PACK + i;
        made.slope[i] = weight[channel] * invstd[channel];
        made.shift[i] = fmaf(-mean[channel], made.slope[i], bias[channel]);
    }
    return made;
}

// y; residual may be null.
extern "C" __global__ void normalize(const Pack *__restrict__ x, const Pack *__restrict__ residual, Pack *__restrict__ y, const float *mean,
                                     const float *invstd, const float *weight, const float *bias, long long rows, int packs, int relu)
{
    int pack = blockIdx.x * blockDim.x + threadIdx.x;
    Rows mine = chunk(rows);
    Line my = line(mean, invstd, weight, bias, pack);
#pragma unroll 4
    for (long long row = mine.first; row < mine.last; row += blockDim.y)
    {
        long long at = row * packs + pack;
        Pack in = x[at], out, other;
        if (residual)
            other = residual[at];
        for (int i = 0; i < PACK; i++)
        {
            float v = fmaf(number(in.of[i]), my.slope[i], my.shift[i]);
            if (residual)
                v += number(other.of[i]);
            out.of[i] = element(relu && !(v > 0) ? (v != v ? v : 0) : v);
        }
        y[at] = out;
    }
}

// The gradient that has come through the ReLU, whose mask is told by y or, without a residual (y is null then), by x.
static __device__ __forceinline__ float through(Element gradient, Element y, Element x, int relu, bool told, float slope, float shift)
{
    if (!relu)
        return number(gradient);
    return (told ? number(y) : fmaf(number(x), slope, shift)) > 0 ? number(gradient) : 0;
}

// Sums of the gradient and of gradient * (x - mean).
extern "C" __global__ void gradient_moments(const Pack *__restrict__ gradient, const Pack *__restrict__ y, const Pack *__restrict__ x,
                                            const float *mean, const float *invstd, const float *weight, const float *bias,
                                            float *__restrict__ sums, long long rows, int packs, int relu)
{
    int pack = blockIdx.x * blockDim.x + threadIdx.x;
    Rows mine = chunk(rows);
    Line my = line(mean, invstd, weight, bias, pack);
    float average[PACK], sum[PACK], product[PACK];
    for (int i = 0; i < PACK; i++)
    {
        average[i] = mean[pack * PACK + i];
        sum[i] = product[i] = 0;
    }
#pragma unroll 2
    for (long long row = mine.first; row < mine.last; row += blockDim.y)
    {
        long long at = row * packs + pack;
        Pack g = gradient[at], in = x[at], out = y ? y[at] : g;
        for (int i = 0; i < PACK; i++)
        {
            float v = through(g.of[i], out.of[i], in.of[i], relu, y, my.slope[i], my.shift[i]);
            sum[i] += v;
            product[i] += v * (number(in.of[i]) - average[i]);
        }
    }
    keep(sum, product, sums, packs, pack);
}

// Gradients of weight and bias, and the three coefficients of a channel's input gradient: slope * g + lean * (x - mean) + level.
extern "C" __global__ void finish_gradients(const float *sums, const float *invstd, const float *weight, float *weight_gradient,
                                            float *bias_gradient, float *coefficients, long long rows, int channels, int chunks)
{
    double sum, product;
    if (!added(sums, chunks, channels, &sum, &product))
        return;
    int channel = blockIdx.x * 32 + threadIdx.x;
    double inverse = invstd[channel], slope = weight[channel] * inverse;
    weight_gradient[channel] = (float)(product * inverse);
    bias_gradient[channel] = (float)sum;
    coefficients[channel] = (float)slope;
    coefficients[channels + channel] = (float)(-slope * inverse * inverse * product / rows);
    coefficients[2 * channels + channel] = (float)(-slope * sum / rows);
}

// Gradients of x and, where there is one, of the residual.
extern "C" __global__ void input_gradients(const Pack *__restrict__ gradient, const Pack *__restrict__ y, const Pack *__restrict__ x,
                                           const float *mean, const float *invstd, const float *weight, const float *bias,
                                           const float *coefficients, Pack *__restrict__ x_gradient, Pack *__restrict__ residual_gradient,
                                           long long rows, int packs, int relu)
{
    int pack = blockIdx.x * blockDim.x + threadIdx.x, channels = packs * PACK;
    Rows mine = chunk(rows);
    Line my = line(mean, invstd, weight, bias, pack);
    float slope[PACK], lean[PACK], level[PACK];
    for (int i = 0; i < PACK; i++)
    {
        int channel = pack * PACK + i;
        slope[i] = coefficients[channel];
        lean[i] = coefficients[channels + channel];
        level[i] = coefficients[2 * channels + channel] - lean[i] * mean[channel];
    }
#pragma unroll 2
    for (long long row = mine.first; row < mine.last; row += blockDim.y)
    {
        long long at = row * packs + pack;
        Pack g = gradient[at], in = x[at], out = y ? y[at] : g, dx, dr;
        for (int i = 0; i < PACK; i++)
        {
            float v = through(g.of[i], out.of[i], in.of[i], relu, y, my.slope[i], my.shift[i]);
            dx.of[i] = element(slope[i] * v + lean[i] * number(in.of[i]) + level[i]);
            dr.of[i] = element(v);
        }
        x_gradient[at] = dx;
        if (residual_gradient)
            residual_gradient[at] = dr;
    }
}
