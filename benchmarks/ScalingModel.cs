namespace SimCLR.Benchmarks;

/// <summary>A connection between neighbours of a ring.</summary>
/// <param name="Latency">Seconds that a message takes however short it is.</param>
/// <param name="Bandwidth">Bytes a second in each direction.</param>
internal sealed record Link(double Latency, double Bandwidth)
{
    /// <summary>Seconds of the sum over so many ranks in a ring: each passes a part of the bytes on in every one of 2 (p - 1) turns.</summary>
    internal double AllReduce(double bytes, int ranks) =>
        ranks == 1 ? 0 : 2 * (ranks - 1) * Latency + 2.0 * (ranks - 1) / ranks * bytes / Bandwidth;

    /// <summary>Seconds in which every rank has what each of so many ranks has.</summary>
    /// <param name="bytes">Of one rank.</param>
    /// <param name="ranks">How many.</param>
    internal double AllGather(double bytes, int ranks) => ranks == 1 ? 0 : (ranks - 1) * (Latency + bytes / Bandwidth);
}

/// <summary>GPUs in machines: what is exchanged goes within a machine first, then by all its GPUs at once through its network card, and within again.</summary>
/// <param name="Inside">Between the GPUs of a machine.</param>
/// <param name="PerMachine">GPUs of a machine.</param>
/// <param name="Network">Between machines; the bandwidth of a machine, which its GPUs share.</param>
internal sealed record Cluster(Link Inside, int PerMachine, Link Network)
{
    /// <summary>Seconds of a sum of so many bytes over so many GPUs: scattered within, summed between, gathered within.</summary>
    internal double AllReduce(double bytes, int gpus)
    {
        var (here, machines) = Split(gpus);
        return Inside.AllReduce(bytes, here) + Shared(here).AllReduce(bytes / here, machines);
    }

    /// <summary>Seconds in which every GPU has what each of so many GPUs has: of its own kind of other machines, then of its machine.</summary>
    internal double AllGather(double bytes, int gpus)
    {
        var (here, machines) = Split(gpus);
        return Shared(here).AllGather(bytes, machines) + Inside.AllGather(bytes * machines, here);
    }

    private Link Shared(int gpus) => Network with { Bandwidth = Network.Bandwidth / gpus };

    private (int Here, int Machines) Split(int gpus)
    {
        if (gpus > PerMachine && gpus % PerMachine != 0)
            throw new ArgumentException($"{gpus} GPUs are not full machines of {PerMachine}.");
        var here = Math.Min(gpus, PerMachine);
        return (here, gpus / here);
    }
}

/// <summary>What the ranks of a training exchange in a step, as SimCLR.Core does it.</summary>
/// <param name="Parameters">Numbers whose gradients are summed, float32, in one exchange.</param>
/// <param name="Norms">Channels of every batch norm.</param>
/// <param name="Batch">Images of the whole batch.</param>
/// <param name="Dimensions">Numbers of an embedding, float32; each image has two.</param>
internal sealed record StepExchange(long Parameters, IReadOnlyList<long> Norms, int Batch, int Dimensions)
{
    private const int Single = 4;
    private const int Label = 8;

    internal double GradientBytes => Single * (double)Parameters;

    /// <summary>Bytes of a view's embeddings that one of so many ranks has.</summary>
    internal double EmbeddingBytes(int ranks) => (double)Single * Dimensions * Batch / ranks;

    /// <summary>Labels, both views' embeddings, means and deviations on the way forward and two sums on the way back of every batch norm, gradients.</summary>
    /// <param name="ranks">How many.</param>
    /// <param name="allReduce">Seconds for so many bytes.</param>
    /// <param name="allGather">Seconds for so many bytes of one rank.</param>
    internal double Seconds(int ranks, Func<double, double> allReduce, Func<double, double> allGather) =>
        ranks == 1
            ? 0
            : allReduce(GradientBytes)
                + allGather((double)Label * Batch / ranks)
                + 2 * allGather(EmbeddingBytes(ranks))
                + Norms.Sum(channels => allGather(Single * (2 * channels + 1)) + allReduce(2 * Single * channels));
}

/// <summary>How much of so many GPUs' speed a training has.</summary>
/// <param name="Exchange">What is exchanged, one exchange after the other; none while the GPU computes.</param>
/// <param name="Cluster">By what.</param>
/// <param name="ImagesPerSecond">Of one GPU by itself, whatever its share of the batch.</param>
/// <param name="LossSeconds">What every rank computes alike of all embeddings, whatever its share.</param>
internal sealed record ScalingModel(StepExchange Exchange, Cluster Cluster, double ImagesPerSecond, double LossSeconds)
{
    /// <summary>Seconds of a step's exchanges.</summary>
    internal double ExchangeSeconds(int gpus) =>
        Exchange.Seconds(gpus, bytes => Cluster.AllReduce(bytes, gpus), bytes => Cluster.AllGather(bytes, gpus));

    /// <summary>Seconds of a step.</summary>
    internal double StepSeconds(int gpus) =>
        (Exchange.Batch / ImagesPerSecond - LossSeconds) / gpus + LossSeconds + ExchangeSeconds(gpus);

    /// <summary>The speed of so many GPUs over as many times that of one.</summary>
    internal double Efficiency(int gpus) => StepSeconds(1) / (gpus * StepSeconds(gpus));
}
