using System.Runtime.ExceptionServices;

namespace SimCLR.Core.Images;

/// <summary>Asks the system after many files or folders, several at a time: there may be a million, and a share answers late.</summary>
internal static class FileQuestions
{
    /// <summary>Threads that ask: they wait for the system, not for a core.</summary>
    internal const int Askers = 8;

    /// <summary>Bytes that a path and some numbers never exceed, as UTF-8.</summary>
    internal const int LongestLine = 128 << 10;

    /// <summary>The answers, in order. What one of the questions throws is thrown.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal static TAnswer[] Ask<T, TAnswer>(
        IReadOnlyList<T> things,
        Func<T, TAnswer> question,
        CancellationToken cancellation = default
    )
    {
        var answers = new TAnswer[things.Count];
        try
        {
            Parallel.For(
                0,
                things.Count,
                new ParallelOptions { MaxDegreeOfParallelism = Askers, CancellationToken = cancellation },
                i =>
                {
                    // The loop itself looks only between parts of any length, and a share may take seconds for each answer.
                    cancellation.ThrowIfCancellationRequested();
                    answers[i] = question(things[i]);
                }
            );
        }
        catch (AggregateException errors)
        {
            ExceptionDispatchInfo.Throw(errors.InnerExceptions[0]);
        }
        return answers;
    }
}
