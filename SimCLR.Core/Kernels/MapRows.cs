using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Kernels;

/// <summary>Channels-last maps [N, C, H, W] as a matrix of N · H · W rows by C channels, in chunks of rows whose size depends on nothing but C.</summary>
internal sealed unsafe class MapRows
{
    /// <summary>Numbers of a chunk: it stays in a core's cache.</summary>
    private const int ChunkSize = 16384;

    private readonly int chunk;

    internal MapRows(Tensor maps)
    {
        var shape = maps.shape;
        (Count, Channels) = (shape[0] * shape[2] * shape[3], (int)shape[1]);
        chunk = Math.Max(1, ChunkSize / Channels);
        ChunkCount = checked((int)((Count + chunk - 1) / chunk));
    }

    /// <summary>Rows.</summary>
    internal long Count { get; }

    /// <summary>C.</summary>
    internal int Channels { get; }

    /// <summary>Number of chunks.</summary>
    internal int ChunkCount { get; }

    /// <summary>Calls with each chunk's number, its first row and the number of its rows; on as many threads as libtorch's. The work must not throw.</summary>
    internal void Each(Action<int, long, int> work)
    {
        var task = new Share(this, work);
        for (var helper = 1; helper < Math.Min(get_num_threads(), ChunkCount); helper++)
            ThreadPool.UnsafeQueueUserWorkItem(task, preferLocal: false);
        task.Finish();
    }

    /// <summary>A chunk's two sums of each channel, of [chunks, 2, C].</summary>
    internal float* Sums(nint sums, int number) => (float*)sums + 2L * number * Channels;

    /// <summary>The two sums of each channel over all chunks, in their order, [2, C].</summary>
    internal double[] Added(nint sums)
    {
        var added = new double[2 * Channels];
        fixed (double* to = added)
            for (var number = 0; number < ChunkCount; number++)
            {
                var here = Sums(sums, number);
                for (var i = 0; i < added.Length; i += Vector128<float>.Count)
                {
                    var (lower, upper) = Vector128.Widen(Vector128.Load(here + i));
                    (Vector256.Load(to + i) + Vector256.Create(lower, upper)).Store(to + i);
                }
            }
        return added;
    }

    /// <summary>Work on all chunks, shared by whichever threads come; Parallel.For makes ten times as many objects, and a step has many passes.</summary>
    private sealed class Share(MapRows rows, Action<int, long, int> work) : IThreadPoolWorkItem
    {
        private int taken;
        private int done;

        /// <summary>Takes chunks until there are none: a thread that comes late finds nothing to do.</summary>
        public void Execute()
        {
            for (int number; (number = Interlocked.Increment(ref taken) - 1) < rows.ChunkCount; )
            {
                var first = (long)number * rows.chunk;
                work(number, first, (int)Math.Min(rows.chunk, rows.Count - first));
                Interlocked.Increment(ref done);
            }
        }

        /// <summary>Takes part, and waits for those who have taken the last ones.</summary>
        internal void Finish()
        {
            Execute();
            for (var wait = new SpinWait(); Volatile.Read(ref done) < rows.ChunkCount; )
                wait.SpinOnce(sleep1Threshold: -1);
        }
    }
}
