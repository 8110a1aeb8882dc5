namespace SimCLR.Benchmarks;

/// <summary>A reader of files from outside, and valid files for it.</summary>
/// <param name="Name">As in the table.</param>
/// <param name="File">Where the file lies, below the folder that the reader is given.</param>
/// <param name="Seeds">Small valid files.</param>
/// <param name="Refusal">The exception that the reader's documentation names.</param>
/// <param name="Read">
/// Reads; is given the folder and the file. Returns null when the file was taken, or why it was refused. A refusal,
/// returned or thrown, must name the file.
/// </param>
/// <param name="Prepare">Puts the intact files that belong to it into the folder; called once.</param>
/// <param name="Seal">Packs the damaged bytes, for formats whose inside is to be damaged too.</param>
internal sealed record FuzzReader(
    string Name,
    string File,
    IReadOnlyList<byte[]> Seeds,
    Type Refusal,
    Func<string, string, string?> Read,
    Action<string>? Prepare = null,
    Func<byte[], byte[]>? Seal = null
)
{
    /// <summary>Files made to do harm: they must be refused, and are damaged further.</summary>
    internal IReadOnlyList<byte[]> Hostile { get; init; } = [];

    /// <summary>The damaged file of that number: a function of seed, reader and number alone.</summary>
    internal byte[] Input(int seed, int index)
    {
        var bytes = FuzzMutator.Mutate([.. Seeds, .. Hostile], new Random(unchecked(seed * 1_000_003 + index)));
        return Seal is null ? bytes : Seal(bytes);
    }
}

/// <summary>What became of a reader's inputs.</summary>
internal sealed record FuzzRow(string Reader)
{
    internal int Inputs { get; set; }
    internal int Accepted { get; set; }
    internal int Refused { get; set; }
    internal double SlowestSeconds { get; set; }
    internal long MostAllocated { get; set; }

    /// <summary>Growth of the process's resident memory while one input was read, in MiB; 0 where it is not known.</summary>
    internal double MostResident { get; set; }
    internal List<string> Failures { get; } = [];
}
